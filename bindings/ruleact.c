/* What a rule's failing rows get: a fate, and a line that says why. */
#include "bindings/evaluate.h"

#include <stdio.h>

/* Appends what fits behind the text of out. */
static void append(char *out, size_t *at, const char *text, size_t len)
{
  size_t room = TG_REASON_SIZE - 1 - *at;
  if (len > room) len = room;
  if (len) memcpy(out + *at, text, len);
  *at += len;
  out[*at] = '\0';
}

char *tg_rule_reason(const struct tg_rule *rule, const struct tg_batch *b,
                     const struct tg_failing *failing, uint32_t row, char *out)
{
  char value[320];
  const struct tg_column *mask = failing->mask, *where = failing->where;
  if (where && where->nul && where->nul[row] > TG_NULL) {
    const char *text = tg_nul_text((enum tg_nul)where->nul[row]);
    snprintf(out, TG_REASON_SIZE, "%s: where: %s", rule->id, text);
    return out;
  }
  if (mask->nul && mask->nul[row] > TG_NULL) {
    const char *text = tg_nul_text((enum tg_nul)mask->nul[row]);
    snprintf(out, TG_REASON_SIZE, "%s: %s", rule->id, text);
    return out;
  }
  size_t at = 0;
  out[0] = '\0';
  if (failing->reasons && !tg_column_is_null(failing->reasons, row)) {
    struct tg_text text = failing->reasons->v.texts[row];
    append(out, &at, text.ptr, text.len);
    return out;
  }
  for (uint32_t i = 0; i < rule->reason_count; i++) {
    const struct tg_reason_part *part = &rule->reason[i];
    if (part->field < 0) {
      append(out, &at, part->text.ptr, part->text.len);
    } else {
      tg_column_show(b->columns[part->field], row, value, sizeof value);
      append(out, &at, value, strlen(value));
    }
  }
  return out;
}

struct acting {
  const struct tg_rule *rule;
  struct tg_batch *b;
  const struct tg_failing *failing;
};

static void issue_rows(const struct acting *a, const uint32_t *rows, uint32_t count,
                       enum tg_fate fate)
{
  char reason[TG_REASON_SIZE];
  struct tg_issue issue = {.fate = fate, .stage = TG_STAGE_RULE, .rule = a->rule->id};
  if (a->rule->field >= 0) issue.field = a->b->topic->fields[a->rule->field].name;
  for (uint32_t i = 0; i < count; i++) {
    issue.reason = tg_text(tg_rule_reason(a->rule, a->b, a->failing, rows[i], reason));
    tg_batch_issue(a->b, rows[i], &issue);
  }
}

void tg_rule_act(const struct tg_rule *rule, struct tg_batch *b, const struct tg_failing *failing)
{
  struct acting a = {rule, b, failing};
  issue_rows(&a, failing->rows, failing->count, rule->on_fail);
  issue_rows(&a, failing->errors, failing->errors_count, TG_QUARANTINE);
}
