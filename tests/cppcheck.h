/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

/* Macros that cppcheck does not know, as far as it must to read the code. */
#define json_array_foreach(array, index, value) \
  for (index = 0; index < json_array_size (array) && (value = json_array_get (array, index)); index++)
#define json_object_foreach(object, key, value) while ((key = next_key (object)) && (value = next_value (object)))
#define G_DEFINE_AUTOPTR_CLEANUP_FUNC(type, function)
#define G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(type, function)
#define G_DEFINE_QUARK(quark, name)
#define G_DEFINE_FINAL_TYPE(type, name, parent)
#define G_DECLARE_FINAL_TYPE(type, name, module, upper, parent)
#define G_GNUC_PRINTF(format, arguments)
#define G_GNUC_NULL_TERMINATED
#define G_BEGIN_DECLS
#define G_END_DECLS
#define G_STATIC_ASSERT(condition)
#define g_autoptr(type) type *
#define g_auto(type) type
#define g_autofree
#define GLIB_CHECK_VERSION(a, b, c) 1
