/* docs/API.md out of the lists that register the API. */
#include "bindings/api.h"

static void section(struct tg_buf *out, const char *title, const struct tg_api *list)
{
  tg_buf_printf(out, "\n## %s\n\n| | |\n|---|---|\n", title);
  for (; list->name; list++) {
    tg_buf_str(out, "| `");
    for (const char *p = list->signature; *p; p++) {
      if (*p == '|') tg_buf_char(out, '\\');
      tg_buf_char(out, *p);
    }
    tg_buf_printf(out, "` | %s |\n", list->doc);
  }
}

void tg_api_markdown(struct tg_buf *out)
{
  tg_buf_str(out, "# The scripts' API\n\nMade from the table that registers it; "
                  "how it is used: LUA.md.\n");
  section(out, "The batch", tg_api_batch);
  section(out, "Globals", tg_api_globals);
  section(out, "Operators on columns", tg_api_operators);
  section(out, "Comparing and choosing", tg_api_logic);
  section(out, "Numbers", tg_api_math);
  section(out, "Text", tg_api_text);
  section(out, "Time", tg_api_time);
  section(out, "Conversion", tg_api_cast);
  section(out, "Inside json and arrays", tg_api_nested);
  section(out, "Lookups", tg_api_lookup);
  section(out, "What a judge keeps", tg_api_cell);
  section(out, "Anomaly models", tg_api_model);
  section(out, "Groups", tg_api_group);
  section(out, "What groups tell", tg_api_groups);
  section(out, "Summaries", tg_api_summary);
  section(out, "What summaries tell", tg_api_summaries);
  section(out, "Comparing quantiles", tg_api_points);
  section(out, "The chi-square distribution", tg_api_chi2);
  section(out, "State by key", tg_api_keyed);
}
