/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <string.h>

#include "atelier-instance-type.h"

/* Instance types follow a rule: a size of Nxlarge has 4 N processors, and a family has so much memory for each. Only
 * what breaks the rule is listed by name. */

#define MIB (G_GINT64_CONSTANT (1) << 20)

typedef struct
{
  const char *family;
  guint       mib_per_cpu;
  guint       gpus;
} Family;

static const Family families[] =
{
  { "m4", 4096, 0 }, { "m5", 4096, 0 }, { "m5d", 4096, 0 }, { "m5n", 4096, 0 }, { "m5dn", 4096, 0 },
  { "m5a", 4096, 0 }, { "m6i", 4096, 0 }, { "m6id", 4096, 0 }, { "m6a", 4096, 0 }, { "m6g", 4096, 0 },
  { "m6gd", 4096, 0 }, { "m7i", 4096, 0 }, { "m7i-flex", 4096, 0 }, { "m7a", 4096, 0 }, { "m7g", 4096, 0 },
  { "m8g", 4096, 0 },
  { "c4", 1920, 0 }, { "c5", 2048, 0 }, { "c5d", 2048, 0 }, { "c5a", 2048, 0 }, { "c5n", 2688, 0 },
  { "c6i", 2048, 0 }, { "c6id", 2048, 0 }, { "c6a", 2048, 0 }, { "c6g", 2048, 0 }, { "c6gd", 2048, 0 },
  { "c6gn", 2048, 0 }, { "c7i", 2048, 0 }, { "c7a", 2048, 0 }, { "c7g", 2048, 0 }, { "c8g", 2048, 0 },
  { "r4", 7808, 0 }, { "r5", 8192, 0 }, { "r5d", 8192, 0 }, { "r5n", 8192, 0 }, { "r5a", 8192, 0 },
  { "r6i", 8192, 0 }, { "r6id", 8192, 0 }, { "r6a", 8192, 0 }, { "r6g", 8192, 0 }, { "r6gd", 8192, 0 },
  { "r7i", 8192, 0 }, { "r7a", 8192, 0 }, { "r7g", 8192, 0 }, { "r8g", 8192, 0 },
  { "i3", 7808, 0 }, { "i3en", 8192, 0 }, { "i4i", 8192, 0 },
  { "t2", 4096, 0 }, { "t3", 4096, 0 }, { "t3a", 4096, 0 }, { "t4g", 4096, 0 },
  { "g4dn", 4096, 1 }, { "g5", 4096, 1 }, { "g6", 4096, 1 }, { "g6e", 8192, 1 },
  { "p2", 15616, 1 }, { "p3", 7808, 1 }, { "p3dn", 8192, 8 }, { "p4d", 12288, 8 }, { "p4de", 12288, 8 },
  { "p5", 16384, 1 }, { "p5e", 10923, 8 }, { "p5en", 10923, 8 },
  { "inf1", 2048, 0 }, { "inf2", 4096, 0 }, { "trn1", 4096, 0 }, { "trn1n", 4096, 0 },
};

typedef struct
{
  const char *name;
  guint       cpus;
  guint       mib;
  guint       gpus;
} Exception;

static const Exception exceptions[] =
{
  { "c4.8xlarge", 36, 61440, 0 },
  { "c5n.9xlarge", 36, 98304, 0 },
  { "c5n.18xlarge", 72, 196608, 0 },
  { "t2.medium", 2, 4096, 0 },
  { "t3.medium", 2, 4096, 0 },
  { "t3a.medium", 2, 4096, 0 },
  { "t4g.medium", 2, 4096, 0 },
  { "t2.small", 1, 2048, 0 },
  { "t3.small", 2, 2048, 0 },
  { "t3.micro", 2, 1024, 0 },
  { "g4dn.12xlarge", 48, 196608, 4 },
  { "g5.12xlarge", 48, 196608, 4 },
  { "g5.24xlarge", 96, 393216, 4 },
  { "g5.48xlarge", 192, 786432, 8 },
  { "g6.12xlarge", 48, 196608, 4 },
  { "g6.24xlarge", 96, 393216, 4 },
  { "g6.48xlarge", 192, 786432, 8 },
  { "g6e.12xlarge", 48, 393216, 4 },
  { "g6e.24xlarge", 96, 786432, 4 },
  { "g6e.48xlarge", 192, 1572864, 8 },
  { "p2.8xlarge", 32, 499712, 8 },
  { "p2.16xlarge", 64, 749568, 16 },
  { "p3.8xlarge", 32, 249856, 4 },
  { "p3.16xlarge", 64, 499712, 8 },
  { "p5.48xlarge", 192, 2097152, 8 },
  { "p5e.48xlarge", 192, 2097152, 8 },
  { "p5en.48xlarge", 192, 2097152, 8 },
};

/* Processors of a size: "large", "xlarge", "4xlarge"; 0 for anything else. */
static guint
get_size_cpus (const char *size)
{
  guint64 factor = 1;
  char *end = (char *) size;

  if (strcmp (size, "medium") == 0)
    return 1;
  if (strcmp (size, "large") == 0)
    return 2;
  if (g_ascii_isdigit (*size))
    factor = g_ascii_strtoull (size, &end, 10);
  return strcmp (end, "xlarge") == 0 && factor <= 128 ? 4 * factor : 0;
}

AtelierInstanceType
atelier_instance_type_look_up (const char *name)
{
  const AtelierInstanceType unknown = { 1, 1024 * MIB, 0, FALSE };
  g_autofree char *lower = name != NULL ? g_ascii_strdown (name, -1) : NULL;
  const char *type = lower != NULL && g_str_has_prefix (lower, "ml.") ? lower + 3 : lower;
  const char *dot = type != NULL ? strchr (type, '.') : NULL;
  guint cpus;

  if (dot == NULL)
    return unknown;
  for (guint i = 0; i < G_N_ELEMENTS (exceptions); i++)
    if (strcmp (exceptions[i].name, type) == 0)
      return (AtelierInstanceType) { exceptions[i].cpus, exceptions[i].mib * MIB, exceptions[i].gpus, TRUE };
  cpus = get_size_cpus (dot + 1);
  for (guint i = 0; cpus > 0 && i < G_N_ELEMENTS (families); i++)
    if (strlen (families[i].family) == (gsize) (dot - type) && strncmp (families[i].family, type, dot - type) == 0)
      return (AtelierInstanceType) { cpus, (gint64) cpus * families[i].mib_per_cpu * MIB, families[i].gpus, TRUE };
  return unknown;
}
