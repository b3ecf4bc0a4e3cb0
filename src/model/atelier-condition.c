/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-condition.h"

#include "atelier-text.h"

/* Conditions are evaluated as they are read: the operands of one that is never reached are never resolved, so a
 * property file that does not exist matters only to the condition that asks for it.
 *
 * Comparing is strict, with two exceptions that come up with values that were text on their way: numbers against
 * numeric text, and booleans against "True" and "False" (the service gives the Outcome of a Condition as text). Both
 * are said. */

typedef enum
{
  OPERATOR_EQUALS,
  OPERATOR_GREATER,
  OPERATOR_GREATER_OR_EQUAL,
  OPERATOR_LESS,
  OPERATOR_LESS_OR_EQUAL,
  OPERATOR_IN,
  OPERATOR_NOT,
  OPERATOR_OR,
} Operator;

typedef struct
{
  const char *type;
  Operator    op;
  gboolean    negated;
  const char *symbol;
} Kind;

static const Kind kinds[] =
{
  { "Equals", OPERATOR_EQUALS, FALSE, "=" },
  { "NotEquals", OPERATOR_EQUALS, TRUE, "≠" },
  { "GreaterThan", OPERATOR_GREATER, FALSE, ">" },
  { "GreaterThanOrEqualTo", OPERATOR_GREATER_OR_EQUAL, FALSE, "≥" },
  { "LessThan", OPERATOR_LESS, FALSE, "<" },
  { "LessThanOrEqualTo", OPERATOR_LESS_OR_EQUAL, FALSE, "≤" },
  { "In", OPERATOR_IN, FALSE, "in" },
  { "NotIn", OPERATOR_IN, TRUE, "not in" },
  { "Not", OPERATOR_NOT, FALSE, "not" },
  { "Or", OPERATOR_OR, FALSE, "or" },
};

/* What one condition, of any depth, came to. */
typedef struct
{
  gboolean  outcome;
  gboolean  is_compound; /* its text needs parentheses inside another */
  char     *text;        /* (owned) */
  json_t   *json;        /* (owned) */
} Verdict;

static void
verdict_clear (Verdict *verdict)
{
  g_clear_pointer (&verdict->text, g_free);
  g_clear_pointer (&verdict->json, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Verdict, verdict_clear)

typedef struct
{
  const AtelierScope *scope;
  GString            *warnings; /* of the outermost condition that is being evaluated */
} Evaluation;

static gboolean evaluate (Evaluation *self, const AtelierNode *condition, Verdict *verdict, GError **error);

/* Values as text. */

#define SHOWN_CHARACTERS 60

static char *
show (const json_t *value, gboolean in_full)
{
  if (json_is_real (value) && !in_full)
    {
      char rounded[G_ASCII_DTOSTR_BUF_SIZE];

      g_ascii_formatd (rounded, sizeof rounded, "%.6g", json_real_value (value));
      return atelier_json_double_to_text (g_ascii_strtod (rounded, NULL));
    }
  if (json_is_boolean (value))
    return g_strdup (json_is_true (value) ? "True" : "False");
  if (json_is_string (value))
    {
      g_autofree char *line = atelier_text_first_line (json_string_value (value), SHOWN_CHARACTERS);

      return g_strdup_printf ("“%s”", line);
    }
  return atelier_json_to_text (value);
}

static char *
show_comparison (const json_t *left, const char *symbol, const json_t *right)
{
  g_autofree char *a = show (left, FALSE);
  g_autofree char *b = show (right, FALSE);

  if (json_is_number (left) && json_is_number (right) && strcmp (a, b) == 0 && !json_equal (left, right))
    {
      g_free (a);
      g_free (b);
      a = show (left, TRUE);
      b = show (right, TRUE);
    }
  return g_strdup_printf ("%s %s %s", a, symbol, b);
}

/* Comparing. */

static gboolean
parse_number (const char *text, long double *number)
{
  char *end;

  if (*text == '\0' || strspn (text, "0123456789+-.eE") != strlen (text))
    return FALSE;
  *number = g_ascii_strtod (text, &end);
  return *end == '\0';
}

/* A number, or a text that spells one. */
static gboolean
get_number (const json_t *value, long double *number)
{
  if (json_is_integer (value))
    *number = json_integer_value (value);
  else if (json_is_real (value))
    *number = json_real_value (value);
  else if (json_is_string (value))
    return parse_number (json_string_value (value), number);
  else
    return FALSE;
  return TRUE;
}

/* A boolean, or a text that spells one. */
static gboolean
get_boolean (const json_t *value, gboolean *boolean)
{
  const char *text = json_string_value (value);

  if (json_is_boolean (value))
    *boolean = json_is_true (value);
  else if (text != NULL && g_ascii_strcasecmp (text, "true") == 0)
    *boolean = TRUE;
  else if (text != NULL && g_ascii_strcasecmp (text, "false") == 0)
    *boolean = FALSE;
  else
    return FALSE;
  return TRUE;
}

static gboolean
decide (Operator op, int order)
{
  switch (op)
    {
    case OPERATOR_EQUALS:
      return order == 0;
    case OPERATOR_GREATER:
      return order > 0;
    case OPERATOR_GREATER_OR_EQUAL:
      return order >= 0;
    case OPERATOR_LESS:
      return order < 0;
    case OPERATOR_LESS_OR_EQUAL:
      return order <= 0;
    case OPERATOR_IN:
    case OPERATOR_NOT:
    case OPERATOR_OR:
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* Puts the order of two values into *order; FALSE when they have none. *mixed: they are of different kinds. */
static gboolean
compare (const json_t *left, const json_t *right, Operator op, int *order, gboolean *mixed)
{
  long double a, b;
  gboolean p, q;

  *mixed = FALSE;
  if (json_is_string (left) && json_is_string (right))
    {
      *order = strcmp (json_string_value (left), json_string_value (right)); /* bytes of UTF-8 sort by code point */
      return TRUE;
    }
  *mixed = json_is_string (left) || json_is_string (right);
  if ((json_is_number (left) || json_is_number (right)) && get_number (left, &a) && get_number (right, &b))
    {
      *order = (a > b) - (a < b);
      return TRUE;
    }
  if (op == OPERATOR_EQUALS && get_boolean (left, &p) && get_boolean (right, &q))
    {
      *order = p - q;
      return TRUE;
    }
  return FALSE;
}

static void
warn (Evaluation *self, const char *sentence)
{
  if (self->warnings->len > 0)
    g_string_append (self->warnings, "; ");
  g_string_append (self->warnings, sentence);
}

static void
warn_mixed (Evaluation *self, const json_t *left, const json_t *right)
{
  const json_t *text = json_is_string (left) ? left : right;
  g_autofree char *shown = show (text, FALSE);
  g_autofree char *sentence = g_strdup_printf (json_is_number (left) || json_is_number (right)
                                               ? _("the text %s was compared as a number")
                                               : _("the text %s was compared as a boolean"), shown);

  warn (self, sentence);
}

static const char *
describe_kind (const json_t *value)
{
  switch (json_typeof (value))
    {
    case JSON_STRING:
      return _("a text");
    case JSON_INTEGER:
    case JSON_REAL:
      return _("a number");
    case JSON_TRUE:
    case JSON_FALSE:
      return _("a boolean");
    case JSON_ARRAY:
      return _("a list");
    case JSON_OBJECT:
      return _("an object");
    case JSON_NULL:
    default:
      return _("null");
    }
}

static gboolean
fail_comparison (const json_t *left, const Kind *kind, const json_t *right, GError **error)
{
  g_autofree char *text = show_comparison (left, kind->symbol, right);

  if (json_is_boolean (left) && json_is_boolean (right))
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                 _("Cannot decide %s: booleans can only be equal or not; use Equals"), text);
  else
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                 _("Cannot decide %s: %s cannot be compared with %s"), text, describe_kind (left),
                 describe_kind (right));
  return FALSE;
}

/* Operands. */

static json_t *
resolve_operand (Evaluation *self, const AtelierNode *condition, const Kind *kind, const char *key, GError **error)
{
  const AtelierNode *node = atelier_node_get_member (condition, key);
  g_autoptr (json_t) value = NULL;

  if (node == NULL)
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX, _("A condition of type %s needs “%s”"),
                   kind->type, key);
      return NULL;
    }
  value = atelier_expression_resolve (node, self->scope, error);
  if (value == NULL)
    {
      g_prefix_error (error, _("“%s” of a condition of type %s: "), key, kind->type);
      return NULL;
    }
  if (json_is_null (value))
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                   _("“%s” of a condition of type %s has no value (null)"), key, kind->type);
      return NULL;
    }
  return g_steal_pointer (&value);
}

/* The kinds. */

static gboolean
evaluate_comparison (Evaluation        *self,
                     const AtelierNode *condition,
                     const Kind        *kind,
                     Verdict           *verdict,
                     GError           **error)
{
  g_autoptr (json_t) left = resolve_operand (self, condition, kind, "LeftValue", error);
  g_autoptr (json_t) right = left != NULL ? resolve_operand (self, condition, kind, "RightValue", error) : NULL;
  long double number;
  gboolean mixed;
  int order;

  if (right == NULL)
    return FALSE;
  if (!compare (left, right, kind->op, &order, &mixed))
    return fail_comparison (left, kind, right, error);
  if (mixed)
    warn_mixed (self, left, right);
  else if (kind->op != OPERATOR_EQUALS && json_is_string (left)
           && get_number (left, &number) && get_number (right, &number))
    warn (self, _("both values are texts and were compared letter by letter, not as numbers"));
  verdict->outcome = decide (kind->op, order) != kind->negated;
  verdict->text = show_comparison (left, kind->symbol, right);
  json_object_set (verdict->json, "LeftValue", left);
  json_object_set (verdict->json, "RightValue", right);
  return TRUE;
}

static gboolean
evaluate_in (Evaluation *self, const AtelierNode *condition, const Kind *kind, Verdict *verdict, GError **error)
{
  /* The schema spells the operand Value, the SDK QueryValue. */
  const char *key = atelier_node_get_member (condition, "QueryValue") == NULL
                    && atelier_node_get_member (condition, "Value") != NULL ? "Value" : "QueryValue";
  g_autoptr (json_t) query = resolve_operand (self, condition, kind, key, error);
  g_autoptr (json_t) values = query != NULL ? resolve_operand (self, condition, kind, "Values", error) : NULL;
  g_autoptr (GString) text = NULL;
  g_autofree char *shown = NULL;
  gboolean found = FALSE;

  if (values == NULL)
    return FALSE;
  if (!json_is_array (values))
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                   _("“Values” of a condition of type %s must be a list"), kind->type);
      return FALSE;
    }
  shown = show (query, TRUE);
  text = g_string_new (shown);
  g_string_append_printf (text, " %s [", kind->symbol);
  for (gsize i = 0; i < json_array_size (values); i++)
    {
      const json_t *value = json_array_get (values, i);
      g_autofree char *item = show (value, TRUE);
      gboolean mixed;
      int order;

      if (json_is_null (value))
        {
          g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                       _("Value %u of a condition of type %s has no value (null)"), (guint) i + 1, kind->type);
          return FALSE;
        }
      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", item);
      if (!found && compare (query, value, OPERATOR_EQUALS, &order, &mixed) && order == 0)
        {
          found = TRUE;
          if (mixed)
            warn_mixed (self, query, value);
        }
    }
  g_string_append_c (text, ']');
  verdict->outcome = found != kind->negated;
  verdict->text = g_strdup (text->str);
  json_object_set (verdict->json, "QueryValue", query);
  json_object_set (verdict->json, "Values", values);
  return TRUE;
}

static char *
enclose (const Verdict *verdict)
{
  return verdict->is_compound ? g_strdup_printf ("(%s)", verdict->text) : g_strdup (verdict->text);
}

static gboolean
evaluate_not (Evaluation *self, const AtelierNode *condition, const Kind *kind, Verdict *verdict, GError **error)
{
  const AtelierNode *inner = atelier_node_get_member (condition, "Condition");
  g_auto (Verdict) negated = { FALSE };

  if (inner == NULL)
    inner = atelier_node_get_member (condition, "Expression");
  if (inner == NULL)
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX, _("A condition of type %s needs “%s”"),
                   kind->type, "Condition");
      return FALSE;
    }
  if (!evaluate (self, inner, &negated, error))
    return FALSE;
  verdict->outcome = !negated.outcome;
  verdict->is_compound = TRUE;
  verdict->text = g_strdup_printf ("%s (%s)", kind->symbol, negated.text);
  json_object_set (verdict->json, "Condition", negated.json);
  return TRUE;
}

static gboolean
evaluate_or (Evaluation *self, const AtelierNode *condition, const Kind *kind, Verdict *verdict, GError **error)
{
  const AtelierNode *conditions = atelier_node_get_member (condition, "Conditions");
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *evaluated = json_array ();
  guint length = atelier_node_get_length (conditions);
  guint i;

  json_object_set_new (verdict->json, "Conditions", evaluated);
  if (atelier_node_get_kind (conditions) != ATELIER_NODE_ARRAY)
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX,
                   _("A condition of type %s needs “%s”, a list"), kind->type, "Conditions");
      return FALSE;
    }
  for (i = 0; i < length && !verdict->outcome; i++)
    {
      g_auto (Verdict) part = { FALSE };
      g_autofree char *enclosed = NULL;

      if (!evaluate (self, atelier_node_get_item (conditions, i), &part, error))
        return FALSE;
      enclosed = enclose (&part);
      g_string_append_printf (text, "%s%s", i > 0 ? " or " : "", enclosed);
      verdict->outcome = part.outcome;
      json_array_append (evaluated, part.json);
    }
  if (length == 0)
    g_string_append (text, "or of nothing");
  else if (i < length)
    g_string_append (text, " or …"); /* not looked at: it could change nothing */
  verdict->is_compound = length > 1;
  verdict->text = g_strdup (text->str);
  return TRUE;
}

static const Kind *
find_kind (const AtelierNode *condition, GError **error)
{
  const char *type = atelier_node_get_string (atelier_node_get_member (condition, "Type"));
  const char *names[G_N_ELEMENTS (kinds)];
  const char *closest;

  if (type == NULL)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX,
                           _("A condition needs “Type”, such as “Equals”"));
      return NULL;
    }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (strcmp (kinds[i].type, type) == 0)
        return &kinds[i];
      names[i] = kinds[i].type;
    }
  closest = atelier_text_closest (type, names, G_N_ELEMENTS (names));
  if (closest != NULL)
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX,
                 _("There is no condition of type “%s”; did you mean “%s”?"), type, closest);
  else
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX, _("There is no condition of type “%s”"),
                 type);
  return NULL;
}

static gboolean
evaluate (Evaluation *self, const AtelierNode *condition, Verdict *verdict, GError **error)
{
  const Kind *kind = find_kind (condition, error);
  gboolean done;

  if (kind == NULL)
    return FALSE;
  verdict->json = json_object ();
  atelier_json_set_string (verdict->json, "Type", kind->type);
  switch (kind->op)
    {
    case OPERATOR_IN:
      done = evaluate_in (self, condition, kind, verdict, error);
      break;
    case OPERATOR_NOT:
      done = evaluate_not (self, condition, kind, verdict, error);
      break;
    case OPERATOR_OR:
      done = evaluate_or (self, condition, kind, verdict, error);
      break;
    case OPERATOR_EQUALS:
    case OPERATOR_GREATER:
    case OPERATOR_GREATER_OR_EQUAL:
    case OPERATOR_LESS:
    case OPERATOR_LESS_OR_EQUAL:
    default:
      done = evaluate_comparison (self, condition, kind, verdict, error);
      break;
    }
  if (done)
    {
      atelier_json_set_bool (verdict->json, "Outcome", verdict->outcome);
      atelier_json_set_string (verdict->json, "Text", verdict->text);
    }
  return done;
}

static void
check_free (gpointer data)
{
  AtelierConditionCheck *check = data;

  g_free (check->text);
  g_free (check->warning);
  g_free (check);
}

static void
add_check (AtelierConditionResult *result, const Verdict *verdict, const char *warnings)
{
  AtelierConditionCheck *check = g_new0 (AtelierConditionCheck, 1);

  check->outcome = verdict->outcome;
  check->text = g_strdup_printf ("%s → %s", verdict->text, verdict->outcome ? "True" : "False");
  check->warning = *warnings != '\0' ? g_strdup (warnings) : NULL;
  g_ptr_array_add (result->checks, check);
  atelier_json_set_string (verdict->json, "Text", check->text);
  atelier_json_set_string (verdict->json, "Warning", check->warning);
  json_array_append (json_object_get (result->json, "Conditions"), verdict->json);
}

AtelierConditionResult *
atelier_condition_evaluate (const AtelierNode *conditions, const AtelierScope *scope, GError **error)
{
  g_autoptr (AtelierConditionResult) result = g_new0 (AtelierConditionResult, 1);
  guint length = atelier_node_get_length (conditions);

  g_return_val_if_fail (scope != NULL, NULL);

  result->outcome = TRUE;
  result->checks = g_ptr_array_new_with_free_func (check_free);
  result->json = json_pack ("{s:[]}", "Conditions");
  if (conditions != NULL && atelier_node_get_kind (conditions) != ATELIER_NODE_ARRAY)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX, _("“Conditions” must be a list"));
      return NULL;
    }
  for (guint i = 0; i < length && result->outcome; i++)
    {
      g_autoptr (GString) warnings = g_string_new (NULL);
      g_auto (Verdict) verdict = { FALSE };
      Evaluation evaluation = { scope, warnings };

      if (!evaluate (&evaluation, atelier_node_get_item (conditions, i), &verdict, error))
        {
          if (length > 1)
            g_prefix_error (error, _("Condition %u of %u: "), i + 1, length);
          return NULL;
        }
      add_check (result, &verdict, warnings->str);
      result->outcome = verdict.outcome;
    }
  atelier_json_set_bool (result->json, "Outcome", result->outcome);
  return g_steal_pointer (&result);
}

void
atelier_condition_result_free (AtelierConditionResult *result)
{
  g_return_if_fail (result != NULL);

  g_clear_pointer (&result->checks, g_ptr_array_unref);
  g_clear_pointer (&result->json, json_decref);
  g_free (result);
}

char *
atelier_condition_result_dup_text (const AtelierConditionResult *result)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_return_val_if_fail (result != NULL, NULL);

  for (guint i = 0; i < result->checks->len; i++)
    {
      const AtelierConditionCheck *check = g_ptr_array_index (result->checks, i);

      g_string_append_printf (text, "%s\n", check->text);
      if (check->warning != NULL)
        g_string_append_printf (text, "%s\n", check->warning);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
