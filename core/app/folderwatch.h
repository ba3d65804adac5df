/* Waits for a file below some folders to change (inotify), for `tidegate test --watch`. Folders
 * that appear later are watched from the next open on. Thread: one. */
#ifndef TG_APP_FOLDERWATCH_H
#define TG_APP_FOLDERWATCH_H

#include "core/base/err.h"

#include <stdbool.h>

/* A descriptor that watches the folders (NULL or missing ones are left out) and all below them, 4
 * deep; close() ends it. -1: err says why. */
int tg_folderwatch_open(const char *const *folders, unsigned count, struct tg_err *err);

/* Blocks until something changed and then nothing for 50 ms, so that an editor's way of writing is
 * one change. False: a signal came, or the descriptor is broken. */
bool tg_folderwatch_wait(int fd);

#endif
