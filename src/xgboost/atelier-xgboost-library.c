/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-library"

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-files.h"

#include "atelier-xgboost-library.h"

static const char *const format_names[] = { "json", "ubj", "binary", "pickle" };

gboolean
atelier_xgboost_model_format_parse (const char *text, AtelierXgboostModelFormat *format, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (format_names); i++)
    if (strcmp (text, format_names[i]) == 0)
      {
        *format = (AtelierXgboostModelFormat) i;
        return TRUE;
      }
  g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_PARAMETER,
               _("“%s” is not a format of model files; use json, ubj, binary or pickle"), text);
  return FALSE;
}

/* "[12:00:00] ./src/objective/regression_obj.cu:148: label must be in [0,1]\nStack trace: …" → "label must be in
 * [0,1]" */
static char *
clean_message (const char *message)
{
  g_autoptr (GRegex) place
      = g_regex_new ("^\\[[0-9:]+\\]\\s*(WARNING:|INFO:)?\\s*(\\S+:[0-9]+:)?\\s*", G_REGEX_RAW, 0, NULL);
  g_autoptr (GRegex) check = g_regex_new ("^Check failed: .*\\)\\s*: (?=\\S)", G_REGEX_RAW, 0, NULL);
  g_autofree char *valid = g_utf8_make_valid (message, -1);
  char *trace = strstr (valid, "Stack trace:");
  g_autofree char *without_place = NULL;
  char *text;

  if (trace != NULL)
    *trace = '\0';
  without_place = g_regex_replace_literal (place, valid, -1, 0, "", 0, NULL);
  text = g_regex_replace_literal (check, without_place, -1, 0, "", 0, NULL);
  for (char *p = text; *p != '\0'; p++)
    if (*p == '\n' || *p == '\t')
      *p = ' ';
  return g_strstrip (text);
}

gboolean
atelier_xgboost_check (int result, const char *what, GError **error)
{
  g_autofree char *message = NULL;

  if (result == 0)
    return TRUE;
  message = clean_message (XGBGetLastError ());
  g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_LIBRARY, _("%s: XGBoost says “%s”"), what, message);
  return FALSE;
}

static void
write_log (const char *message)
{
  g_autofree char *text = clean_message (message);

  if (*text != '\0')
    fprintf (stderr, "XGBoost: %s\n", text);
}

void
atelier_xgboost_library_set_up (void)
{
  XGBRegisterLogCallback (write_log);
}

/* NumPy's array interface, the form in which XGBoost takes arrays. */
static char *
describe_array (const void *data, const char *type, gsize n_rows, gsize n_columns)
{
  if (n_columns > 0)
    return g_strdup_printf ("{\"data\": [%" G_GUINTPTR_FORMAT ", true], \"shape\": [%" G_GSIZE_FORMAT
                            ", %" G_GSIZE_FORMAT "], "
                            "\"typestr\": \"%s\", \"version\": 3}",
                            (guintptr) data, n_rows, n_columns, type);
  return g_strdup_printf ("{\"data\": [%" G_GUINTPTR_FORMAT ", true], \"shape\": [%" G_GSIZE_FORMAT
                          "], \"typestr\": \"%s\", "
                          "\"version\": 3}",
                          (guintptr) data, n_rows, type);
}

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define TYPE_FLOAT  "<f4"
#define TYPE_UINT32 "<u4"
#define TYPE_UINT64 "<u8"
#else
#define TYPE_FLOAT  ">f4"
#define TYPE_UINT32 ">u4"
#define TYPE_UINT64 ">u8"
#endif

static gboolean
set_column (DMatrixHandle matrix, const char *name, const void *data, const char *type, gsize n_rows, GError **error)
{
  g_autofree char *array = describe_array (data, type, n_rows, 0);

  return data == NULL
         || atelier_xgboost_check (XGDMatrixSetInfoFromInterface (matrix, name, array), _("Cannot use the data"),
                                   error);
}

DMatrixHandle
atelier_xgboost_matrix_new (AtelierXgboostTable *table, gsize n_columns, guint n_threads, GError **error)
{
  g_auto (DMatrixHandle) matrix = NULL;
  g_autofree char *config = g_strdup_printf ("{\"missing\": NaN, \"nthread\": %u}", n_threads);
  int result;

  if (table->values != NULL)
    {
      g_autofree char *values = describe_array (table->values, TYPE_FLOAT, table->n_rows, table->n_columns);

      result = XGDMatrixCreateFromDense (values, config, &matrix);
      g_clear_pointer (&table->values, g_free);
    }
  else
    {
      guint64 n_entries = table->offsets[table->n_rows];
      g_autofree char *offsets = describe_array (table->offsets, TYPE_UINT64, table->n_rows + 1, 0);
      g_autofree char *indices = describe_array (table->indices, TYPE_UINT32, n_entries, 0);
      g_autofree char *entries = describe_array (table->entries, TYPE_FLOAT, n_entries, 0);

      result = XGDMatrixCreateFromCSR (offsets, indices, entries, n_columns, config, &matrix);
      g_clear_pointer (&table->indices, g_free);
      g_clear_pointer (&table->entries, g_free);
    }
  if (!atelier_xgboost_check (result, _("Cannot use the data"), error)
      || !set_column (matrix, "label", table->labels, TYPE_FLOAT, table->n_rows, error)
      || !set_column (matrix, "weight", table->weights, TYPE_FLOAT, table->n_rows, error)
      || !set_column (matrix, "qid", table->groups, TYPE_UINT32, table->n_rows, error))
    return NULL;
  return g_steal_pointer (&matrix);
}

/* What Python's pickle of an xgboost.Booster looks like (protocol 4): the object is made without arguments and gets a
 * dictionary with the serialised booster as a bytearray under "handle", as Booster.__setstate__ expects it. */
static const char pickle_head[] = "\x80\x04"
                                  "\x8c\x0cxgboost.core\x8c\x07" "Booster\x93)\x81"
                                  "}(\x8c\x06handle"
                                  "\x8c\x08" "builtins\x8c\x09" "bytearray\x93"
                                  "\x8e"; /* then 8 bytes of length and the booster */
#define PICKLE_HEAD_LENGTH (sizeof pickle_head - 1)

static void
append_whole (GByteArray *bytes, const char *name, guint32 value)
{
  guint8 length = (guint8) strlen (name);
  guint32 little = GUINT32_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) "\x8c", 1);
  g_byte_array_append (bytes, &length, 1);
  g_byte_array_append (bytes, (const guint8 *) name, length);
  g_byte_array_append (bytes, (const guint8 *) "J", 1);
  g_byte_array_append (bytes, (const guint8 *) &little, sizeof little);
}

static GByteArray *
pickle (const char *data, bst_ulong length, int best_iteration)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64 little = GUINT64_TO_LE (length);

  g_byte_array_append (bytes, (const guint8 *) pickle_head, PICKLE_HEAD_LENGTH);
  g_byte_array_append (bytes, (const guint8 *) &little, sizeof little);
  g_byte_array_append (bytes, (const guint8 *) data, length);
  g_byte_array_append (bytes, (const guint8 *) "\x85R", 2);
  append_whole (bytes, "best_iteration", (guint32) best_iteration);
  append_whole (bytes, "best_ntree_limit", (guint32) best_iteration + 1);
  g_byte_array_append (bytes, (const guint8 *) "ub.", 3);
  return bytes;
}

int
atelier_xgboost_booster_get_int (BoosterHandle booster, const char *name, int fallback)
{
  const char *text = NULL;
  int found = 0;
  gint64 value;

  if (XGBoosterGetAttr (booster, name, &text, &found) != 0 || !found
      || !g_ascii_string_to_signed (text, 10, G_MININT, G_MAXINT, &value, NULL))
    return fallback;
  return (int) value;
}

gboolean
atelier_xgboost_model_write (BoosterHandle booster, const char *path, AtelierXgboostModelFormat format, GError **error)
{
  static const char *const configs[]
      = { "{\"format\": \"json\"}", "{\"format\": \"ubj\"}", "{\"format\": \"deprecated\"}" };
  const char *what = _("Cannot write the model");
  bst_ulong length = 0;
  const char *data = NULL;

  if (format == ATELIER_XGBOOST_MODEL_PICKLE)
    {
      g_autoptr (GByteArray) bytes = NULL;
      int n_rounds = 0;

      if (!atelier_xgboost_check (XGBoosterBoostedRounds (booster, &n_rounds), what, error)
          || !atelier_xgboost_check (XGBoosterSerializeToBuffer (booster, &length, &data), what, error))
        return FALSE;
      if (length > G_MAXUINT - 4096)
        {
          g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_LIBRARY,
                       _("The model is too large for the pickle format; use json or ubj"));
          return FALSE;
        }
      bytes = pickle (data, length, atelier_xgboost_booster_get_int (booster, "best_iteration", MAX (n_rounds - 1, 0)));
      return atelier_files_write_atomic (path, (const char *) bytes->data, bytes->len, 0644, error);
    }
  if (!atelier_xgboost_check (XGBoosterSaveModelToBuffer (booster, configs[format], &length, &data), what, error))
    return FALSE;
  return atelier_files_write_atomic (path, data, length, 0644, error);
}

/* Reads one format; XGBoost finds out by itself which of JSON, UBJ and its old one it is. */
static gboolean
load (BoosterHandle booster, const char *path, const char *data, gsize length, GError **error)
{
  g_autofree char *what = g_strdup_printf (_("Cannot read the model “%s”"), path);
  guint64 inner;

  if (length == 0 || (guchar) data[0] != 0x80)
    return atelier_xgboost_check (XGBoosterLoadModelFromBuffer (booster, data, length), what, error);
  if (length > PICKLE_HEAD_LENGTH + sizeof inner && memcmp (data, pickle_head, PICKLE_HEAD_LENGTH) == 0)
    {
      memcpy (&inner, data + PICKLE_HEAD_LENGTH, sizeof inner);
      inner = GUINT64_FROM_LE (inner);
      if (inner <= length - PICKLE_HEAD_LENGTH - sizeof inner)
        return atelier_xgboost_check (
            XGBoosterUnserializeFromBuffer (booster, data + PICKLE_HEAD_LENGTH + sizeof inner, inner), what, error);
    }
  g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_LIBRARY,
               _("%s: it was pickled by Python; load it there and save it with save_model ()"), what);
  return FALSE;
}

BoosterHandle
atelier_xgboost_model_read (const char *path, GError **error)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (path, FALSE, error);
  g_auto (BoosterHandle) booster = NULL;

  if (map == NULL || !atelier_xgboost_check (XGBoosterCreate (NULL, 0, &booster), _("Cannot make a model"), error))
    return NULL;
  if (g_mapped_file_get_length (map) < 8)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_LIBRARY, _("“%s” is too short to be a model"),
                   path);
      return NULL;
    }
  if (!load (booster, path, g_mapped_file_get_contents (map), g_mapped_file_get_length (map), error))
    return NULL;
  return g_steal_pointer (&booster);
}

const float *
atelier_xgboost_predict (BoosterHandle booster,
                         DMatrixHandle matrix,
                         gboolean margin,
                         int n_iterations,
                         gsize *n_values,
                         GError **error)
{
  g_autofree char *config
      = g_strdup_printf ("{\"type\": %d, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": %d, "
                         "\"strict_shape\": false}",
                         margin ? 1 : 0, n_iterations);
  const bst_ulong *shape = NULL;
  bst_ulong n_dimensions = 0;
  const float *values = NULL;

  if (!atelier_xgboost_check (XGBoosterPredictFromDMatrix (booster, matrix, config, &shape, &n_dimensions, &values),
                              _("Cannot predict"), error))
    return NULL;
  *n_values = 1;
  for (bst_ulong i = 0; i < n_dimensions; i++)
    *n_values *= shape[i];
  return values;
}
