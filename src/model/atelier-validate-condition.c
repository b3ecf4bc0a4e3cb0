/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-validate"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-validate.h"

/* The validator's part about the Conditions of a Condition step. atelier-condition.c evaluates the same forms. */

typedef enum
{
  PART_NONE,
  PART_VALUE,      /* a literal or an expression */
  PART_VALUES,     /* a list of them */
  PART_CONDITION,
  PART_CONDITIONS, /* a list of them */
} Part;

typedef struct
{
  Part        part;
  const char *key;
  const char *other_key; /* (nullable) an older or the schema's spelling */
} Member;

static const struct
{
  const char *type;
  Member      members[2];
  gboolean    is_order; /* compares by size, which booleans have not */
} forms[] = {
  { "Equals", { { PART_VALUE, "LeftValue" }, { PART_VALUE, "RightValue" } } },
  { "NotEquals", { { PART_VALUE, "LeftValue" }, { PART_VALUE, "RightValue" } } },
  { "GreaterThan", { { PART_VALUE, "LeftValue" }, { PART_VALUE, "RightValue" } }, TRUE },
  { "GreaterThanOrEqualTo", { { PART_VALUE, "LeftValue" }, { PART_VALUE, "RightValue" } }, TRUE },
  { "LessThan", { { PART_VALUE, "LeftValue" }, { PART_VALUE, "RightValue" } }, TRUE },
  { "LessThanOrEqualTo", { { PART_VALUE, "LeftValue" }, { PART_VALUE, "RightValue" } }, TRUE },
  { "In", { { PART_VALUE, "QueryValue", "Value" }, { PART_VALUES, "Values", "In" } } },
  { "NotIn", { { PART_VALUE, "QueryValue", "Value" }, { PART_VALUES, "Values", "In" } } },
  { "Not", { { PART_CONDITION, "Condition", "Expression" } } },
  { "Or", { { PART_CONDITIONS, "Conditions" } } },
};

static void validate_condition (const AtelierNode *condition, AtelierReport *report);

static void
validate_value (const AtelierNode *value, gboolean is_order, AtelierReport *report)
{
  AtelierNodeKind kind = atelier_node_get_kind (value);
  g_autofree char *what = NULL;

  if (atelier_expression_recognise (value) != ATELIER_EXPRESSION_LITERAL)
    return;
  what = atelier_report_describe (value);
  if (kind == ATELIER_NODE_NULL || kind == ATELIER_NODE_ARRAY || kind == ATELIER_NODE_OBJECT)
    atelier_report_error (report, value, NULL, _("%s must be a text, a number, true, false or an expression"), what);
  else if (is_order && kind == ATELIER_NODE_BOOLEAN)
    atelier_report_warning (report, value, NULL, _("%s is true or false: these can only be compared for equality"),
                            what);
}

static void
validate_list (const AtelierNode *list, Part part, AtelierReport *report)
{
  if (atelier_node_get_kind (list) != ATELIER_NODE_ARRAY)
    {
      g_autofree char *what = atelier_report_describe (list);

      atelier_report_error (report, list, NULL, _("%s must be a list"), what);
      return;
    }
  for (guint i = 0; i < atelier_node_get_length (list); i++)
    if (part == PART_VALUES)
      validate_value (atelier_node_get_item (list, i), FALSE, report);
    else
      validate_condition (atelier_node_get_item (list, i), report);
}

static void
validate_member (const AtelierNode *condition, const Member *member, gboolean is_order, AtelierReport *report)
{
  const AtelierNode *value = atelier_node_get_member (condition, member->key);

  if (value == NULL && member->other_key != NULL)
    value = atelier_node_get_member (condition, member->other_key);
  if (value == NULL)
    atelier_report_error (report, condition, NULL, _("“%s” is missing in the condition “%s”"), member->key,
                          atelier_node_get_string (atelier_node_get_member (condition, "Type")));
  else if (member->part == PART_VALUE)
    validate_value (value, is_order, report);
  else if (member->part == PART_CONDITION)
    validate_condition (value, report);
  else
    validate_list (value, member->part, report);
}

static gboolean
is_key_of (const char *key, const Member *members)
{
  if (strcmp (key, "Type") == 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (forms[0].members); i++)
    if (g_strcmp0 (key, members[i].key) == 0 || g_strcmp0 (key, members[i].other_key) == 0)
      return TRUE;
  return FALSE;
}

static void
report_unknown_type (const AtelierNode *type, AtelierReport *report)
{
  const char *text = atelier_node_get_string (type);
  const char *names[G_N_ELEMENTS (forms) + 1] = { NULL };
  char *hint;

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    names[i] = forms[i].type;
  if (strcmp (text, "And") == 0)
    hint = g_strdup (_("conditions of one list must all hold"));
  else
    hint = atelier_report_suggest (report, text, names, G_N_ELEMENTS (forms));
  if (hint == NULL)
    {
      g_autofree char *list = g_strjoinv (", ", (char **) names);

      hint = g_strdup_printf (_("it is one of %s"), list);
    }
  atelier_report_error (report, type, hint, _("There is no condition of the type “%s”"), text);
}

static void
validate_condition (const AtelierNode *condition, AtelierReport *report)
{
  const AtelierNode *type = atelier_node_get_member (condition, "Type");
  guint form;

  if (atelier_node_get_kind (condition) != ATELIER_NODE_OBJECT)
    {
      atelier_report_error (report, condition, NULL, _("A condition is an object"));
      return;
    }
  if (atelier_node_get_kind (type) != ATELIER_NODE_STRING)
    {
      atelier_report_error (report, type != NULL ? type : condition, NULL,
                            _("A condition needs a “Type”, such as “Equals”"));
      return;
    }
  for (form = 0; form < G_N_ELEMENTS (forms); form++)
    if (strcmp (forms[form].type, atelier_node_get_string (type)) == 0)
      break;
  if (form == G_N_ELEMENTS (forms))
    {
      report_unknown_type (type, report);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (forms[form].members); i++)
    if (forms[form].members[i].part != PART_NONE)
      validate_member (condition, &forms[form].members[i], forms[form].is_order, report);
  for (guint i = 0; i < atelier_node_get_length (condition); i++)
    {
      const char *key;
      const AtelierNode *member = atelier_node_get_member_at (condition, i, &key);

      if (!is_key_of (key, forms[form].members))
        atelier_report_key_warning (report, member, NULL, _("Unknown key “%s” in the condition “%s”"), key,
                                    forms[form].type);
    }
}

/* @conditions: (nullable): an array; anything else has been reported already */
void
atelier_validate_conditions (const AtelierNode *conditions, AtelierReport *report)
{
  if (atelier_node_get_kind (conditions) != ATELIER_NODE_ARRAY)
    return;
  for (guint i = 0; i < atelier_node_get_length (conditions); i++)
    validate_condition (atelier_node_get_item (conditions, i), report);
}
