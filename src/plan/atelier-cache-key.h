/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

#include "atelier-step-type.h"

G_BEGIN_DECLS

/* AtelierCacheKey: everything that decides what a step computes, as content: its type, the key fields of its resolved
 * arguments, the digests of its inputs and code, and the environment. Never a time stamp, an output or a path: where
 * an input is known by its content, its URI counts no more, so that equal files at another place hit.
 *
 *   key = atelier_cache_key_new (ATELIER_STEP_TYPE_PROCESSING, arguments, NULL);
 *   atelier_cache_key_add_input (key, "code", "s3://…/preprocess.py");
 *   atelier_cache_key_add_input_file (key, "code", "preprocess.py", digest);
 *   atelier_cache_key_add_environment (key, "python", "3.11.2");
 *   digest = atelier_cache_key_dup_digest (key);      look for a successful run of the step with the same digest
 *   record = atelier_cache_key_to_json (key);         store beside the run: what explain() compares
 *
 * Keys are made and used by one thread at a time. */
typedef struct _AtelierCacheKey AtelierCacheKey;

/* atelier_cache_key_new:
 * @arguments: (nullable): the resolved Arguments; only the fields that matter for @type are kept, for a type without
 *   such a table all of them
 * @step_fields: (nullable): resolved step-level fields, by name; of check steps those that matter are kept, of other
 *   types all that are given (FunctionArn of a Lambda) */
AtelierCacheKey *atelier_cache_key_new (AtelierStepType type,
                                        const json_t   *arguments,
                                        const json_t   *step_fields);
void             atelier_cache_key_free (AtelierCacheKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierCacheKey, atelier_cache_key_free)

/* An input that is known by its content: an InputName, a ChannelName, "code" for the source folder of script mode,
 * "model" for what a Transform's ModelName stands for.
 * @uri: (nullable): the text that stands for it in the arguments; wherever it is the whole of a string there (or a
 *   JSON string within the string, as in HyperParameters), it is replaced by “atelier-input:NAME” */
void             atelier_cache_key_add_input (AtelierCacheKey *self,
                                              const char      *input,
                                              const char      *uri);
/* @file: relative to the input, "" for an input that is digested as a whole. @digest: of its content */
void             atelier_cache_key_add_input_file (AtelierCacheKey *self,
                                                   const char      *input,
                                                   const char      *file,
                                                   const char      *digest);
/* A fact about where it runs: an interpreter's version, a digest of the installed packages. */
void             atelier_cache_key_add_environment (AtelierCacheKey *self,
                                                    const char      *name,
                                                    const char      *value);

/* (transfer full) {"Type", "Arguments", "Step", "Inputs": {input: {file: digest}}, "Environment": {name: value}} */
json_t          *atelier_cache_key_to_json (const AtelierCacheKey *self);
/* (transfer full) SHA-256 of that, in hexadecimal */
char            *atelier_cache_key_dup_digest (const AtelierCacheKey *self);

/* atelier_cache_key_explain:
 * @now: what atelier_cache_key_to_json() gave for the run to explain
 * @before: (nullable): the same of the latest earlier run of the step
 *
 * Why did it run? Sentences such as: Argument “HyperParameters.max_depth” changed from “5” to “10” · Input “code”:
 * preprocess.py changed · Environment changed: python 3.11.2 → 3.12.1 · First run of this step.
 *
 * Returns: (transfer full): NULL-terminated; empty when nothing differs */
char           **atelier_cache_key_explain (const json_t *now,
                                            const json_t *before);

G_END_DECLS
