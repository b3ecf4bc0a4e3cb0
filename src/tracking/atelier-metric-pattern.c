/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-tracking"

#include "config.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-metric-pattern.h"
#include "atelier-metric-sink.h"

/* A regular expression comes from a definition that somebody else may have written, a line from whatever a script
 * prints. PCRE2 is told to stop after MATCH_LIMIT steps, some milliseconds; it takes text that is not UTF-8 as it
 * comes. */

#define MATCH_LIMIT 500000
#define DEPTH_LIMIT 10000
#define HEAP_LIMIT_KIB 16384
#define JIT_STACK_MOST_BYTES (1 << 20)
#define PATTERN_MOST_BYTES 10000

struct _AtelierMetricPattern
{
  pcre2_code          *code;      /* (owned) */
  pcre2_match_data    *match;     /* (owned) */
  pcre2_match_context *context;   /* (owned) */
  pcre2_jit_stack     *jit_stack; /* (owned) (nullable) */
};

static pcre2_code *
compile (const char *name, const char *regex, GError **error)
{
  pcre2_compile_context *context = pcre2_compile_context_create (NULL);
  PCRE2_UCHAR reason[256];
  PCRE2_SIZE offset = 0;
  int code_number = 0;
  pcre2_code *code;

  pcre2_set_max_pattern_length (context, PATTERN_MOST_BYTES);
  code = pcre2_compile ((PCRE2_SPTR) regex, PCRE2_ZERO_TERMINATED,
                        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &code_number, &offset, context);
  pcre2_compile_context_free (context);
  if (code == NULL)
    {
      pcre2_get_error_message (code_number, reason, sizeof reason);
      g_set_error (error, ATELIER_TRACKING_ERROR, ATELIER_TRACKING_ERROR_REGEX,
                   _("The regular expression of the metric “%s” is wrong at character %u: %s"), name,
                   (guint) g_utf8_strlen (regex, MIN (offset, strlen (regex))) + 1, (const char *) reason);
    }
  return code;
}

AtelierMetricPattern *
atelier_metric_pattern_new (const char *name, const char *regex, GError **error)
{
  g_autoptr (AtelierMetricPattern) self = g_new0 (AtelierMetricPattern, 1);
  guint32 n_groups = 0;

  self->code = compile (name, regex, error);
  if (self->code == NULL)
    return NULL;
  pcre2_pattern_info (self->code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
  if (n_groups == 0)
    {
      g_set_error (
          error, ATELIER_TRACKING_ERROR, ATELIER_TRACKING_ERROR_REGEX,
          _("The regular expression of the metric “%s” has no group: put parentheses around the number, as in “%s”"),
          name, "loss: (\\S+)");
      return NULL;
    }
  self->match = pcre2_match_data_create (2, NULL);
  self->context = pcre2_match_context_create (NULL);
  pcre2_set_match_limit (self->context, MATCH_LIMIT);
  pcre2_set_depth_limit (self->context, DEPTH_LIMIT);
  pcre2_set_heap_limit (self->context, HEAP_LIMIT_KIB);
  if (pcre2_jit_compile (self->code, PCRE2_JIT_COMPLETE) == 0)
    {
      self->jit_stack = pcre2_jit_stack_create (1 << 15, JIT_STACK_MOST_BYTES, NULL);
      pcre2_jit_stack_assign (self->context, NULL, self->jit_stack);
    }
  return g_steal_pointer (&self);
}

void
atelier_metric_pattern_free (AtelierMetricPattern *self)
{
  if (self == NULL)
    return;
  pcre2_code_free (self->code);
  pcre2_match_data_free (self->match);
  pcre2_match_context_free (self->context);
  pcre2_jit_stack_free (self->jit_stack);
  g_free (self);
}

/* "0.5" of "0.5", "0.5," or "(0.5)", but nothing of "0.5abc". */
static gboolean
read_group (const char *text, gsize length, double *value)
{
  gsize taken;

  while (length > 0 && g_ascii_isspace (*text))
    {
      text++;
      length--;
    }
  taken = atelier_metric_read_number (text, length, value);
  return taken > 0 && (taken == length || !(g_ascii_isalnum (text[taken]) || text[taken] == '_'));
}

AtelierMetricMatch
atelier_metric_pattern_match (AtelierMetricPattern *self, const char *line, gsize length, double *value)
{
  const PCRE2_SIZE *places;
  int result = pcre2_match (self->code, (PCRE2_SPTR) line, length, 0, 0, self->match, self->context);

  switch (result)
    {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
      return ATELIER_METRIC_MATCH_TOO_LONG;
    default:
      break;
    }
  /* 0: there are more groups than places, of which two are enough. */
  places = pcre2_get_ovector_pointer (self->match);
  if (result < 0 || result == 1 || places[2] == PCRE2_UNSET || places[3] < places[2])
    return ATELIER_METRIC_MATCH_NONE;
  return read_group (line + places[2], places[3] - places[2], value) ? ATELIER_METRIC_MATCH_FOUND
                                                                     : ATELIER_METRIC_MATCH_NONE;
}
