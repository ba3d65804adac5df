/* A room without sources yet still needs one translation unit. */
typedef int tg_empty_room;
