/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-parameters"

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-json.h"
#include "atelier-text.h"

#include "atelier-xgboost-metrics.h"
#include "atelier-xgboost-parameters.h"

/* The hyperparameters of SageMaker's built-in XGBoost: one table of names, types and ranges, then the rules between
 * them. What the service refuses is refused here too, all faults at once, so that a pipeline that runs here runs there;
 * what only concerns clusters and graphics cards is left out with a note. Values are texts, as in the service. */

typedef enum
{
  INTEGER,
  REAL,
  CHOICE,
  CHOICES, /* several, parted by commas */
  METRICS,
  TUNING,      /* validation:METRIC */
  CONSTRAINTS, /* (1,0,-1) */
  GROUPS,      /* [[1,2],[3,4]] */
} Type;

typedef enum
{
  TO_XGBOOST,
  OURS,    /* steers this program */
  IGNORED, /* accepted, of no effect here */
  REFUSED,
} Use;

typedef struct
{
  const char *name;
  const char *alias;   /* (nullable) */
  Type        type;
  Use         use;
  const char *range;   /* INTEGER, REAL: an interval, “(” and “)” without the limit; CHOICE: words parted by blanks */
} Parameter;

static const Parameter parameters[] = {
  { "_kfold", NULL, INTEGER, REFUSED, "[2, inf)" },
  { "_num_cv_round", NULL, INTEGER, REFUSED, "[1, inf)" },
  { "_tuning_objective_metric", NULL, TUNING, OURS, NULL },
  { "aft_loss_distribution", NULL, CHOICE, TO_XGBOOST, "normal logistic extreme" },
  { "aft_loss_distribution_scale", NULL, REAL, TO_XGBOOST, "[0, inf)" },
  { "alpha", "reg_alpha", REAL, TO_XGBOOST, "[0, inf)" },
  { "base_score", NULL, REAL, TO_XGBOOST, "[0, inf)" },
  { "booster", NULL, CHOICE, TO_XGBOOST, "gbtree gblinear dart" },
  { "colsample_bylevel", NULL, REAL, TO_XGBOOST, "(0, 1]" },
  { "colsample_bynode", NULL, REAL, TO_XGBOOST, "(0, 1]" },
  { "colsample_bytree", NULL, REAL, TO_XGBOOST, "(0, 1]" },
  { "csv_weights", NULL, INTEGER, OURS, "[0, 1]" },
  { "deterministic_histogram", NULL, CHOICE, IGNORED, "true false" },
  { "dsplit", NULL, CHOICE, IGNORED, "row col" },
  { "early_stopping_rounds", NULL, INTEGER, OURS, "[1, inf)" },
  { "eta", "learning_rate", REAL, TO_XGBOOST, "[0, 1]" },
  { "eval_metric", NULL, METRICS, OURS, NULL },
  { "gamma", "min_split_loss", REAL, TO_XGBOOST, "[0, inf)" },
  { "grow_policy", NULL, CHOICE, TO_XGBOOST, "depthwise lossguide" },
  { "interaction_constraints", NULL, GROUPS, TO_XGBOOST, NULL },
  { "lambda", "reg_lambda", REAL, TO_XGBOOST, "[0, inf)" },
  { "lambda_bias", NULL, REAL, TO_XGBOOST, "[0, 1]" },
  { "max_bin", NULL, INTEGER, TO_XGBOOST, "[0, inf)" },
  { "max_delta_step", NULL, REAL, TO_XGBOOST, "[0, inf)" },
  { "max_depth", NULL, INTEGER, TO_XGBOOST, "[0, inf)" },
  { "max_leaves", NULL, INTEGER, TO_XGBOOST, "[0, inf)" },
  { "min_child_weight", NULL, REAL, TO_XGBOOST, "[0, inf)" },
  { "monotone_constraints", NULL, CONSTRAINTS, TO_XGBOOST, NULL },
  { "normalize_type", NULL, CHOICE, TO_XGBOOST, "tree forest" },
  { "nthread", NULL, INTEGER, OURS, "[1, inf)" },
  { "num_class", NULL, INTEGER, TO_XGBOOST, "[2, inf)" },
  { "num_parallel_tree", NULL, INTEGER, TO_XGBOOST, "[1, inf)" },
  { "num_round", NULL, INTEGER, OURS, "[1, inf)" },
  { "objective", NULL, CHOICE, TO_XGBOOST,
    "binary:hinge binary:logistic binary:logitraw count:poisson multi:softmax multi:softprob rank:map rank:ndcg "
    "rank:pairwise "
    "reg:absoluteerror reg:gamma reg:linear reg:logistic reg:pseudohubererror reg:squarederror reg:squaredlogerror "
    "reg:tweedie "
    "survival:aft survival:cox" },
  { "one_drop", NULL, INTEGER, TO_XGBOOST, "[0, 1]" },
  { "predictor", NULL, CHOICE, TO_XGBOOST, "auto cpu_predictor gpu_predictor" },
  { "prob_buffer_row", NULL, INTEGER, IGNORED, "(1, inf)" },
  { "process_type", NULL, CHOICE, TO_XGBOOST, "default update" },
  { "rate_drop", NULL, REAL, TO_XGBOOST, "[0, 1]" },
  { "refresh_leaf", NULL, INTEGER, TO_XGBOOST, "[0, 1]" },
  { "sample_type", NULL, CHOICE, TO_XGBOOST, "uniform weighted" },
  { "sampling_method", NULL, CHOICE, TO_XGBOOST, "uniform gradient_based" },
  { "save_model_on_termination", NULL, CHOICE, OURS, "true false" },
  { "scale_pos_weight", NULL, REAL, TO_XGBOOST, "(0, inf)" },
  { "seed", NULL, INTEGER, TO_XGBOOST, "(-2147483648, 2147483647)" },
  { "sketch_eps", NULL, REAL, IGNORED, "(0, 1)" },
  { "skip_drop", NULL, REAL, TO_XGBOOST, "[0, 1]" },
  { "subsample", NULL, REAL, TO_XGBOOST, "(0, 1]" },
  { "tree_method", NULL, CHOICE, TO_XGBOOST, "auto exact approx hist gpu_hist" },
  { "tweedie_variance_power", NULL, REAL, TO_XGBOOST, "(1, 2)" },
  { "updater", NULL, CHOICES, TO_XGBOOST,
    "grow_colmaker distcol grow_histmaker grow_quantile_histmaker grow_skmaker sync refresh prune shotgun "
    "coord_descent" },
  { "use_dask_gpu_training", NULL, CHOICE, IGNORED, "true false" },
  { "verbosity", NULL, INTEGER, TO_XGBOOST, "[0, 3]" },
};

typedef struct
{
  AtelierXgboostParameters *result;
  const json_t             *given;
  GHashTable               *values; /* canonical name → text, of what passed its own check */
  GPtrArray                *faults; /* of char *: sentences */
} Check;

G_GNUC_PRINTF (2, 3)
static void
add_sentence (GPtrArray *sentences, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (sentences, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

static const Parameter *
find_parameter (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    if (strcmp (parameters[i].name, name) == 0 || g_strcmp0 (parameters[i].alias, name) == 0)
      return &parameters[i];
  return NULL;
}

static void
refuse_unknown (Check *check, const char *name)
{
  const char *names[G_N_ELEMENTS (parameters) * 2];
  gsize n = 0;
  const char *closest;

  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    {
      names[n++] = parameters[i].name;
      if (parameters[i].alias != NULL)
        names[n++] = parameters[i].alias;
    }
  closest = atelier_text_closest (name, names, n);
  if (closest != NULL)
    add_sentence (check->faults, _("The hyperparameter “%s” is not known; did you mean “%s”?"), name, closest);
  else
    add_sentence (check->faults, _("The hyperparameter “%s” is not known to the XGBoost algorithm; remove it"), name);
}

static gboolean
parse_real (const char *text, double *value)
{
  char *end;

  *value = g_ascii_strtod (text, &end);
  return end > text && *end == '\0' && !g_ascii_isspace (*text) && isfinite (*value);
}

static gboolean
is_within (double value, const char *range)
{
  g_auto (GStrv) limits = g_strsplit (range + 1, ", ", 2);
  double low = g_ascii_strtod (limits[0], NULL);
  char *end;
  double high = g_ascii_strtod (limits[1], &end);

  return (*range == '(' ? value > low : value >= low) && (*end == ')' ? value < high : value <= high);
}

/* “[0, inf)” reads as “at least 0”. */
static char *
describe_range (const char *range)
{
  g_auto (GStrv) limits = g_strsplit (range + 1, ", ", 2);

  if (!g_str_has_prefix (limits[1], "inf"))
    return g_strdup_printf (_("in %s"), range);
  return g_strdup_printf (*range == '(' ? _("more than %s") : _("at least %s"), limits[0]);
}

static gboolean
is_choice (const char *text, gsize length, const char *choices)
{
  g_auto (GStrv) words = g_strsplit (choices, " ", -1);

  for (gsize i = 0; words[i] != NULL; i++)
    if (strlen (words[i]) == length && strncmp (words[i], text, length) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
check_number (Check *check, const Parameter *parameter, const char *name, const char *text)
{
  gint64 whole = 0;
  double value;
  g_autofree char *wanted = NULL;

  if (parameter->type == INTEGER && !g_ascii_string_to_signed (text, 10, G_MININT, G_MAXINT, &whole, NULL))
    {
      add_sentence (check->faults, _("“%s” is “%s”, but must be a whole number"), name, text);
      return FALSE;
    }
  if (!parse_real (text, &value))
    {
      add_sentence (check->faults, _("“%s” is “%s”, but must be a number"), name, text);
      return FALSE;
    }
  if (is_within (value, parameter->range))
    return TRUE;
  wanted = describe_range (parameter->range);
  add_sentence (check->faults, _("“%s” is %s, but must be %s"), name, text, wanted);
  return FALSE;
}

static gboolean
check_choices (Check *check, const Parameter *parameter, const char *name, const char *text)
{
  g_auto (GStrv) words = parameter->type == CHOICES ? g_strsplit (text, ",", -1) : NULL;
  const char *single[] = { text, NULL };

  for (const char *const *word = words != NULL ? (const char *const *) words : single; *word != NULL; word++)
    if (!is_choice (*word, strlen (*word), parameter->range))
      {
        g_auto (GStrv) choices = g_strsplit (parameter->range, " ", -1);
        const char *closest = atelier_text_closest (*word, (const char *const *) choices, g_strv_length (choices));
        g_autofree char *list = g_strjoinv (", ", choices);

        if (closest != NULL)
          add_sentence (check->faults, _("“%s” is “%s”, which is not known; did you mean “%s”?"), name, *word, closest);
        else
          add_sentence (check->faults, _("“%s” is “%s”, but must be one of: %s"), name, *word, list);
        return FALSE;
      }
  return TRUE;
}

/* METRIC, or error@, ndcg@ and map@ with a number; ndcg and map also with “-” at the end. */
static gboolean
check_metric (Check *check, const char *name, const char *metric)
{
  const char *at = strchr (metric, '@');
  gsize length = strlen (metric);
  g_autofree char *base = g_strdup (metric);
  gboolean minus = length > 1 && metric[length - 1] == '-';
  double threshold;

  if (minus)
    base[--length] = '\0';
  if (at != NULL)
    base[at - metric] = '\0';
  if (!atelier_xgboost_metric_is_known (base))
    {
      add_sentence (check->faults, _("“%s” names the metric “%s”, which is not known"), name, metric);
      return FALSE;
    }
  if ((at != NULL || minus) && strcmp (base, "ndcg") != 0 && strcmp (base, "map") != 0
      && (minus || strcmp (base, "error") != 0))
    {
      add_sentence (check->faults, _("“%s” names the metric “%s”; only error, ndcg and map take a suffix"), name,
                    metric);
      return FALSE;
    }
  if (at != NULL)
    {
      g_autofree char *suffix = g_strndup (at + 1, length - (at + 1 - metric));

      if (!parse_real (suffix, &threshold))
        {
          add_sentence (check->faults, _("“%s” names the metric “%s”, where a number must follow “@”"), name, metric);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_metrics (Check *check, const char *name, const char *text)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  gboolean fine = names[0] != NULL;

  if (!fine)
    add_sentence (check->faults, _("“%s” is empty"), name);
  for (gsize i = 0; names[i] != NULL; i++)
    fine = check_metric (check, name, g_strstrip (names[i])) && fine;
  return fine;
}

static gboolean
check_tuning (Check *check, const char *name, const char *text)
{
  if (g_str_has_prefix (text, "validation:") && atelier_xgboost_metric_is_known (text + strlen ("validation:")))
    return TRUE;
  add_sentence (check->faults, _("“%s” is “%s”, but must be “validation:” and a metric"), name, text);
  return FALSE;
}

/* A list of whole numbers in brackets, nested @depth deep, each at least @least and at most @most. */
static gboolean
is_list (const char *text, const char *brackets, int depth, gint64 least, gint64 most)
{
  int level = 0;
  gboolean item_expected = TRUE; /* FALSE: a comma or a closing bracket */

  for (const char *p = text; *p != '\0';)
    {
      if (item_expected && *p == brackets[0] && level < depth)
        {
          level++;
          p++;
        }
      else if (item_expected && level == depth && (g_ascii_isdigit (*p) || *p == '-'))
        {
          char *end;
          gint64 value = g_ascii_strtoll (p, &end, 10);

          if (end == p || value < least || value > most)
            return FALSE;
          p = end;
          item_expected = FALSE;
        }
      else if (*p == brackets[1] && level > 0 && (!item_expected || p[-1] == ','))
        {
          item_expected = FALSE;
          p++;
          if (--level == 0)
            return *p == '\0';
        }
      else if (*p == ',' && !item_expected && level > 0)
        {
          item_expected = TRUE;
          p++;
        }
      else
        return FALSE;
    }
  return FALSE;
}

static gboolean
check_value (Check *check, const Parameter *parameter, const char *name, const char *text)
{
  switch (parameter->type)
    {
    case INTEGER:
    case REAL:
      return check_number (check, parameter, name, text);
    case CHOICE:
    case CHOICES:
      return check_choices (check, parameter, name, text);
    case METRICS:
      return check_metrics (check, name, text);
    case TUNING:
      return check_tuning (check, name, text);
    case CONSTRAINTS:
      if (is_list (text, "()", 1, -1, 1))
        return TRUE;
      add_sentence (check->faults, _("“%s” is “%s”, but must be like (1,0,-1): for each feature -1, 0 or 1"), name,
                    text);
      return FALSE;
    case GROUPS:
      if (is_list (text, "[]", 2, 1, G_MAXINT))
        return TRUE;
      add_sentence (check->faults,
                    _("“%s” is “%s”, but must be like [[1,2],[3,4]]: groups of feature numbers from 1"), name, text);
      return FALSE;
    default:
      g_assert_not_reached ();
    }
}

/* Texts are taken as they are, without blanks around them; the SDK's quoted form of a text is undone. */
static char *
value_text (const json_t *value, gboolean is_list_type)
{
  g_autofree char *text = atelier_json_to_text (value);
  gsize length = strlen (g_strstrip (text));

  if (length >= 2 && text[0] == '"' && text[length - 1] == '"')
    {
      text[length - 1] = '\0';
      memmove (text, text + 1, length - 1);
    }
  if (is_list_type)
    {
      char *to = text;

      for (const char *from = text; *from != '\0'; from++)
        if (!g_ascii_isspace (*from))
          *to++ = *from;
      *to = '\0';
    }
  return g_steal_pointer (&text);
}

static void
check_each (Check *check)
{
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) check->given, name, value)
    {
      const Parameter *parameter = find_parameter (name);
      g_autofree char *text = NULL;

      if (g_str_has_prefix (name, "sagemaker_"))
        continue; /* settings of the SDK, not of the algorithm */
      if (parameter == NULL)
        {
          refuse_unknown (check, name);
          continue;
        }
      text = value_text (value, parameter->type == CONSTRAINTS || parameter->type == GROUPS);
      if (parameter->use == REFUSED)
        add_sentence (check->faults, _("“%s” (cross validation) is not available on this machine; remove it"), name);
      else if (g_hash_table_contains (check->values, parameter->name))
        add_sentence (check->faults, _("“%s” and “%s” are the same hyperparameter; give one of them"),
                      parameter->name, parameter->alias);
      else if (check_value (check, parameter, name, text))
        {
          if (parameter->use == IGNORED)
            add_sentence (check->result->notes, _("“%s” has no effect on this machine and is left out"), name);
          g_hash_table_insert (check->values, (gpointer) parameter->name, g_steal_pointer (&text));
        }
    }
}

static const char *
get (Check *check, const char *name, const char *fallback)
{
  const char *text = g_hash_table_lookup (check->values, name);

  return text != NULL ? text : fallback;
}

/* Given, but refused already: what depends on it is not looked at. */
static gboolean
is_faulty (Check *check, const char *name)
{
  return get (check, name, NULL) == NULL && json_object_get (check->given, name) != NULL;
}

static int
get_int (Check *check, const char *name)
{
  return atoi (get (check, name, "0"));
}

static void
check_updaters (Check *check)
{
  static const char growers[] = "grow_colmaker distcol grow_histmaker grow_quantile_histmaker";
  const char *text = get (check, "updater", NULL);
  gboolean linear = strcmp (get (check, "booster", "gbtree"), "gblinear") == 0;
  gboolean update = strcmp (get (check, "process_type", "default"), "update") == 0;
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", ",", -1);
  guint n_growers = 0, n_linear = 0, n_updating = 0;

  if (text == NULL)
    return;
  for (gsize i = 0; words[i] != NULL; i++)
    {
      n_growers += is_choice (words[i], strlen (words[i]), growers);
      n_linear += is_choice (words[i], strlen (words[i]), "shotgun coord_descent");
      n_updating += is_choice (words[i], strlen (words[i]), "refresh prune");
    }
  if (linear && (g_strv_length (words) != 1 || n_linear != 1))
    add_sentence (check->faults,
                  _("“updater” is “%s”; with the booster gblinear it must be shotgun or coord_descent"), text);
  else if (!linear && update && n_updating != g_strv_length (words))
    add_sentence (check->faults, _("“updater” is “%s”; with process_type update it can only be refresh and prune"),
                  text);
  else if (!linear && n_linear > 0)
    add_sentence (check->faults, _("“updater” is “%s”; shotgun and coord_descent belong to the booster gblinear"),
                  text);
  else if (!linear && n_growers > 1)
    add_sentence (check->faults, _("“updater” is “%s”; only one of them may grow trees"), text);
}

static void
check_objective (Check *check)
{
  const char *objective = get (check, "objective", "reg:squarederror");
  gboolean multi = g_str_has_prefix (objective, "multi:");

  if (is_faulty (check, "objective") || is_faulty (check, "num_class"))
    return;
  if (multi && get (check, "num_class", NULL) == NULL)
    add_sentence (check->faults, _("The objective “%s” needs “num_class”, the number of classes"), objective);
  if (!multi && get (check, "num_class", NULL) != NULL)
    add_sentence (check->faults,
                  _("“num_class” is for the objectives multi:softmax and multi:softprob only, not for “%s”"),
                  objective);
}

static void
check_metrics_fit (Check *check, char **names)
{
  const char *objective = get (check, "objective", "reg:squarederror");
  gboolean multi = g_str_has_prefix (objective, "multi:");
  gboolean of_classes = multi || g_str_has_prefix (objective, "binary:") || strcmp (objective, "reg:logistic") == 0;

  for (gsize i = 0; names[i] != NULL && !is_faulty (check, "objective"); i++)
    {
      if (strcmp (names[i], "auc") == 0 && !g_str_has_prefix (objective, "binary:")
          && !g_str_has_prefix (objective, "rank:"))
        add_sentence (check->faults,
                      _("The metric “auc” is for the objectives binary:… and rank:… only, not for “%s”"), objective);
      if (strcmp (names[i], "aft-nloglik") == 0 && strcmp (objective, "survival:aft") != 0)
        add_sentence (check->faults,
                      _("The metric “aft-nloglik” is for the objective survival:aft only, not for “%s”"), objective);
      if (atelier_xgboost_metric_is_own (names[i]) && atelier_xgboost_metric_is_of_classes (names[i]) && !of_classes)
        add_sentence (check->faults, _("The metric “%s” is for classification only, not for the objective “%s”"),
                      names[i], objective);
      if (atelier_xgboost_metric_is_binary (names[i]) && multi && get_int (check, "num_class") > 2)
        add_sentence (check->faults, _("The metric “%s” is for two classes only; use “%s_macro”"), names[i],
                      strcmp (names[i], "f1_binary") == 0 ? "f1" : names[i]);
      if (atelier_xgboost_metric_is_own (names[i]) && !atelier_xgboost_metric_is_of_classes (names[i]) && multi)
        add_sentence (check->faults, _("The metric “%s” is for regression only, not for the objective “%s”"),
                      names[i], objective);
    }
}

static void
check_constraints (Check *check)
{
  const char *method = get (check, "tree_method", "auto");

  if (is_faulty (check, "tree_method"))
    return;
  if (get (check, "monotone_constraints", NULL) != NULL && strcmp (method, "exact") != 0
      && strcmp (method, "hist") != 0)
    add_sentence (check->faults, _("“monotone_constraints” needs “tree_method” to be exact or hist"));
  if (get (check, "interaction_constraints", NULL) != NULL && strcmp (method, "exact") != 0
      && strcmp (method, "hist") != 0 && strcmp (method, "approx") != 0)
    add_sentence (check->faults, _("“interaction_constraints” needs “tree_method” to be exact, hist or approx"));
}

static void
add_setting (AtelierXgboostParameters *result, const char *name, const char *value)
{
  AtelierXgboostSetting setting = { g_strdup (name), g_strdup (value) };

  g_array_append_val (result->settings, setting);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The metrics to print: eval_metric, and the tuning objective; where both are given, sorted, as the service does. */
static char **
all_metrics (Check *check)
{
  const char *listed = get (check, "eval_metric", NULL), *tuning = get (check, "_tuning_objective_metric", NULL);
  g_auto (GStrv) words = g_strsplit (listed != NULL ? listed : "", ",", -1);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GStrvBuilder *builder = g_strv_builder_new ();
  char **result;

  for (gsize i = 0; words[i] != NULL; i++)
    if (!g_ptr_array_find_with_equal_func (names, g_strstrip (words[i]), g_str_equal, NULL))
      g_ptr_array_add (names, g_strdup (words[i]));
  if (tuning != NULL)
    {
      tuning += strlen ("validation:");
      if (!g_ptr_array_find_with_equal_func (names, tuning, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (tuning));
      if (listed != NULL)
        g_ptr_array_sort (names, compare_texts);
      check->result->stopping_metric = g_strdup (tuning);
    }
  else if (names->len > 0)
    check->result->stopping_metric = g_strdup (g_ptr_array_index (names, names->len - 1));
  for (guint i = 0; i < names->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (names, i));
  result = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return result;
}

static void
fill_settings (Check *check, char **metrics)
{
  AtelierXgboostParameters *result = check->result;

  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    {
      const Parameter *parameter = &parameters[i];
      const char *text = get (check, parameter->name, NULL);

      if (text == NULL || parameter->use != TO_XGBOOST)
        continue;
      if (strcmp (text, "gpu_hist") == 0 || strcmp (text, "gpu_predictor") == 0)
        {
          const char *substitute = strcmp (text, "gpu_hist") == 0 ? "hist" : "cpu_predictor";

          add_sentence (result->notes, _("“%s” is “%s”, which needs a graphics card; “%s” is used instead"),
                        parameter->name, text, substitute);
          text = substitute;
        }
      add_setting (result, parameter->name, text);
    }
  for (gsize i = 0; metrics[i] != NULL; i++)
    if (atelier_xgboost_metric_is_own (metrics[i]))
      g_ptr_array_add (result->own_metrics, g_strdup (metrics[i]));
    else
      add_setting (result, "eval_metric", metrics[i]);
  add_setting (result, "validate_parameters", "1"); /* a warning names what XGBoost does not use, as in Python */
  result->n_rounds = get_int (check, "num_round");
  result->early_stopping_rounds = get_int (check, "early_stopping_rounds");
  result->csv_weights = get_int (check, "csv_weights") == 1;
  result->n_threads = get_int (check, "nthread");
  result->n_classes = get_int (check, "num_class");
  result->save_on_termination = strcmp (get (check, "save_model_on_termination", "false"), "true") == 0;
  result->objective = g_strdup (get (check, "objective", "reg:squarederror"));
}

static void
clear_setting (gpointer data)
{
  AtelierXgboostSetting *setting = data;

  g_free (setting->name);
  g_free (setting->value);
}

AtelierXgboostParameters *
atelier_xgboost_parameters_new (const json_t *hyperparameters, GError **error)
{
  g_autoptr (AtelierXgboostParameters) result = g_new0 (AtelierXgboostParameters, 1);
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) metrics = NULL;
  Check check = { result, hyperparameters, values, faults };

  result->settings = g_array_new (FALSE, FALSE, sizeof (AtelierXgboostSetting));
  g_array_set_clear_func (result->settings, clear_setting);
  result->own_metrics = g_ptr_array_new_with_free_func (g_free);
  result->notes = g_ptr_array_new_with_free_func (g_free);
  if (!json_is_object (hyperparameters))
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_PARAMETER,
                   _("The hyperparameters must be a JSON object of names and texts"));
      return NULL;
    }
  check_each (&check);
  if (json_object_get (hyperparameters, "num_round") == NULL)
    add_sentence (faults, _("The hyperparameter “num_round”, the number of rounds of boosting, is required"));
  metrics = all_metrics (&check);
  check_updaters (&check);
  check_objective (&check);
  check_metrics_fit (&check, metrics);
  check_constraints (&check);
  if (faults->len > 0)
    {
      g_autofree char *text = NULL;

      g_ptr_array_add (faults, NULL);
      text = g_strjoinv ("\n", (char **) faults->pdata);
      g_set_error_literal (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_PARAMETER, text);
      return NULL;
    }
  fill_settings (&check, metrics);
  return g_steal_pointer (&result);
}

void
atelier_xgboost_parameters_free (AtelierXgboostParameters *self)
{
  g_free (self->objective);
  g_free (self->stopping_metric);
  g_array_unref (self->settings);
  g_ptr_array_unref (self->own_metrics);
  g_ptr_array_unref (self->notes);
  g_free (self);
}
