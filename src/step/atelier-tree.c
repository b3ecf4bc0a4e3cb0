/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-tree"

#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atelier-tree.h"

/* Finding every process of a tree, also those that do not want to be found.
 *
 * This process is the subreaper of all below it, so each descendant's chain of parents leads here, and an
 * orphan is our own child. Whose a descendant is, its topmost ancestor below us says: a root we know, or an
 * orphan, which is told by the mark it inherited, by its session, or by its environment. Nothing is ever killed
 * that does not descend from us, so a mark that another supervisor happens to use as well does no harm.
 *
 * The mark is the soft limit RLIMIT_MSGQUEUE. posix_spawn hands it down, setsid and an emptied environment keep
 * it, and reading it is one system call where /proc/PID/stat is three and some formatting: that is what makes
 * it affordable to look every 100 ms. Nothing reads it but programs that use POSIX message queues, which lose
 * some KiB of 800.
 *
 * After each attempt the list of our own children says whether a look is needed at all: whatever is left of a
 * tree whose root is gone has its topmost ancestor in that list. */

#define MARKS         1024 /* of one supervisor */
#define MARK_WINDOWS  32   /* supervisors that run at once mostly have different marks */
#define LEAST_MARK    (128 * 1024)
#define USUAL_MARK    (800 * 1024)

struct _AtelierTree
{
  int        proc_fd;     /* (owned) */
  int        loadavg_fd;  /* (owned) */
  int        children_fd; /* (owned) -1: this kernel does not list them */
  pid_t      self;
  rlim_t     low;         /* marks are low … low + MARKS − 1; 0: this machine lets us set none */
  guint      next_mark;
  gboolean   can_seek;
  GPtrArray *roots;       /* (owned) of AtelierTreeRoot, borrowed */
};

static gboolean
note_first (pid_t pid, gpointer data)
{
  *(pid_t *) data = pid;
  return FALSE;
}

AtelierTree *
atelier_tree_new (void)
{
  AtelierTree *self = g_new0 (AtelierTree, 1);
  struct rlimit limit;
  pid_t first = 0;

  self->self = getpid ();
  self->next_mark = g_random_int ();
  self->roots = g_ptr_array_new ();
  self->proc_fd = open ("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  self->loadavg_fd = open ("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  self->children_fd = open ("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (getrlimit (RLIMIT_MSGQUEUE, &limit) == 0 && limit.rlim_max >= LEAST_MARK)
    self->low = MIN (limit.rlim_max, USUAL_MARK) - MARKS * (rlim_t) (1 + self->self % MARK_WINDOWS);
  if (self->proc_fd >= 0)
    atelier_process_each (self->proc_fd, self->self, note_first, &first);
  self->can_seek = first == self->self;
  return self;
}

void
atelier_tree_free (AtelierTree *self)
{
  close (self->proc_fd);
  close (self->loadavg_fd);
  if (self->children_fd >= 0)
    close (self->children_fd);
  g_ptr_array_unref (self->roots);
  g_free (self);
}

/* atelier_tree_add:
 * @root: borrowed until atelier_tree_remove() */
void
atelier_tree_add (AtelierTree *self, AtelierTreeRoot *root)
{
  g_ptr_array_add (self->roots, root);
}

void
atelier_tree_remove (AtelierTree *self, AtelierTreeRoot *root)
{
  g_ptr_array_remove_fast (self->roots, root);
}

static AtelierTreeRoot *
find_mark (AtelierTree *self, rlim_t mark)
{
  for (guint i = 0; mark != 0 && i < self->roots->len; i++)
    {
      AtelierTreeRoot *root = g_ptr_array_index (self->roots, i);

      if (root->mark == mark)
        return root;
    }
  return NULL;
}

/* atelier_tree_take_mark:
 *
 * Returns: a mark no root has; 0 when there is none left or marks do not work here */
rlim_t
atelier_tree_take_mark (AtelierTree *self)
{
  for (guint i = 0; self->low != 0 && i < MARKS; i++)
    {
      rlim_t mark = self->low + self->next_mark++ % MARKS;

      if (find_mark (self, mark) == NULL)
        return mark;
    }
  return 0;
}

static rlim_t
read_mark (AtelierTree *self, pid_t pid)
{
  struct rlimit limit;

  if (self->low == 0 || prlimit (pid, RLIMIT_MSGQUEUE, NULL, &limit) < 0 || limit.rlim_cur < self->low ||
      limit.rlim_cur >= self->low + MARKS)
    return 0;
  return limit.rlim_cur;
}

static AtelierTreeRoot *
find_orphan (AtelierTree *self, const AtelierProcess *process)
{
  AtelierTreeRoot *root = find_mark (self, read_mark (self, process->pid));

  for (guint i = 0; root == NULL && i < self->roots->len; i++)
    if (((AtelierTreeRoot *) g_ptr_array_index (self->roots, i))->pid == process->session)
      root = g_ptr_array_index (self->roots, i);
  for (guint i = 0; root == NULL && i < self->roots->len; i++)
    if (atelier_process_has_environment (process->pid,
                                         ((AtelierTreeRoot *)g_ptr_array_index (self->roots, i))->environment_mark))
      root = g_ptr_array_index (self->roots, i);
  return root;
}

static AtelierTreeRoot *
find_root (AtelierTree *self, pid_t pid)
{
  for (guint i = 0; i < self->roots->len; i++)
    {
      AtelierTreeRoot *root = g_ptr_array_index (self->roots, i);

      if (root->pid == pid && !root->reaped)
        return root;
    }
  return NULL;
}

typedef struct
{
  AtelierTree *tree;
  GArray      *found;
} Listing;

static gboolean
list_marked (pid_t pid, gpointer data)
{
  Listing *listing = data;
  AtelierTreeRoot *root = find_mark (listing->tree, read_mark (listing->tree, pid));
  AtelierProcess process;

  if (root != NULL && pid != listing->tree->self && atelier_process_read (pid, &process) && process.state != 'Z' &&
      process.state != 'X')
    {
      process.root = root;
      g_array_append_val (listing->found, process);
    }
  return TRUE;
}

static gboolean
list_all (pid_t pid, gpointer data)
{
  Listing *listing = data;
  AtelierProcess process;

  if (atelier_process_read (pid, &process))
    g_array_append_val (listing->found, process);
  return TRUE;
}

static int
compare_pids (gconstpointer a, gconstpointer b)
{
  return ((const AtelierProcess *) a)->pid - ((const AtelierProcess *) b)->pid;
}

/* Whether a process descends from us is worked out once for each and remembered in these. */
typedef enum { KIN_UNKNOWN, KIN_FOREIGN, KIN_OURS } Kin;

static void
settle_kin (AtelierTree *self, GArray *all, Kin *kin, guint index, GArray *path, gboolean *unsettled)
{
  AtelierTreeRoot *root = NULL;
  Kin verdict = KIN_UNKNOWN;

  g_array_set_size (path, 0);
  while (verdict == KIN_UNKNOWN)
    {
      AtelierProcess *process = &g_array_index (all, AtelierProcess, index);
      AtelierProcess key = { .pid = process->parent };
      guint parent;

      if (kin[index] != KIN_UNKNOWN)
        {
          verdict = kin[index];
          root = process->root;
          break;
        }
      g_array_append_val (path, index);
      if (process->parent == self->self)
        {
          verdict = KIN_OURS;
          root = find_root (self, process->pid);
          if (root == NULL)
            root = find_orphan (self, process);
        }
      else if (process->parent <= 1 || process->pid == self->self)
        verdict = KIN_FOREIGN;
      else if (!g_array_binary_search (all, &key, compare_pids, &parent) || path->len > all->len)
        {
          /* Its parent ended while we looked: where it went the next look says. */
          verdict = KIN_FOREIGN;
          if (find_mark (self, read_mark (self, process->pid)) != NULL)
            *unsettled = TRUE;
        }
      else
        index = parent;
    }
  for (guint i = 0; i < path->len; i++)
    {
      kin[g_array_index (path, guint, i)] = verdict;
      g_array_index (all, AtelierProcess, g_array_index (path, guint, i)).root = root;
    }
}

/* A process without any mark belongs to the one root that was there when it started, if there is but one. */
static AtelierTreeRoot *
find_only_candidate (AtelierTree *self, const AtelierProcess *stray)
{
  AtelierTreeRoot *found = NULL;

  for (guint i = 0; i < self->roots->len; i++)
    {
      AtelierTreeRoot *root = g_ptr_array_index (self->roots, i);

      if (root->is_service || root->start_ticks > stray->start_ticks)
        continue;
      if (found != NULL)
        return NULL;
      found = root;
    }
  return found;
}

/* atelier_tree_look:
 * @unsettled: (out) (nullable): set %TRUE when a process of ours moved while we looked, so that another look is
 *   needed before saying that none is left
 *
 * Returns: (transfer full) (element-type AtelierProcess): the living processes of all roots, and with ALL also
 *   strays */
GArray *
atelier_tree_look (AtelierTree *self, AtelierLook look, gboolean *unsettled)
{
  Listing listing = { self, g_array_new (FALSE, FALSE, sizeof (AtelierProcess)) };
  g_autoptr (GArray) path = NULL;
  g_autofree Kin *kin = NULL;
  gboolean moved = FALSE;
  GArray *ours;

  if (look == ATELIER_LOOK_MARKED && self->low != 0)
    {
      atelier_process_each (self->proc_fd, 1, list_marked, &listing);
      return listing.found;
    }
  atelier_process_each (self->proc_fd, 1, list_all, &listing);
  g_array_sort (listing.found, compare_pids);
  kin = g_new0 (Kin, listing.found->len + 1);
  path = g_array_new (FALSE, FALSE, sizeof (guint));
  ours = g_array_new (FALSE, FALSE, sizeof (AtelierProcess));
  for (guint i = 0; i < listing.found->len; i++)
    {
      AtelierProcess *process = &g_array_index (listing.found, AtelierProcess, i);

      settle_kin (self, listing.found, kin, i, path, &moved);
      if (kin[i] != KIN_OURS || process->state == 'Z' || process->state == 'X')
        continue;
      if (process->root == NULL)
        process->root = find_only_candidate (self, process);
      g_array_append_vals (ours, process, 1);
    }
  if (unsettled != NULL)
    *unsettled = *unsettled || moved;
  g_array_unref (listing.found);
  return ours;
}

typedef struct
{
  AtelierTree *tree;
  rlim_t       mark;
  guint        n;
} Count;

static gboolean
count_marked (pid_t pid, gpointer data)
{
  Count *count = data;

  count->n += read_mark (count->tree, pid) == count->mark;
  return TRUE;
}

/* atelier_tree_count_marked:
 *
 * The quickest of looks, for a tree that grows while one looks.
 *
 * Returns: how many processes have the root's mark, zombies included; 0 when it has none */
guint
atelier_tree_count_marked (AtelierTree *self, AtelierTreeRoot *root)
{
  Count count = { self, root->mark, 0 };

  if (root->mark != 0)
    atelier_process_each (self->proc_fd, 1, count_marked, &count);
  return count.n;
}

/* Whether a process that is, or may be, our child by now could be of the tree of @root, which is gone. */
static gboolean
is_suspect (AtelierTree *self, pid_t pid, const AtelierTreeRoot *root)
{
  AtelierTreeRoot *owner;
  AtelierProcess process;

  if (find_root (self, pid) != NULL)
    return FALSE;
  owner = find_mark (self, read_mark (self, pid));
  if (owner != NULL)
    return owner == root;
  return atelier_process_read (pid, &process) && process.parent == self->self && process.state != 'Z';
}

/* The list is exact while nobody is taken from it, and only we wait for our children: an orphan is appended in the
 * moment in which its parent ends.
 *
 * Returns: -1 when the list cannot be had, else whether a child is suspect */
static int
look_at_children (AtelierTree *self, const AtelierTreeRoot *root)
{
  char text[4096 + 1]; /* the kernel hands out whole numbers, a page at most at once */
  gint64 offset = 0;
  gssize n = -1;

  while (self->children_fd >= 0 && (n = pread (self->children_fd, text, sizeof text - 1, offset)) > 0)
    {
      offset += n;
      text[n] = '\0';
      for (char *next = text; *next != '\0'; next += strspn (next, " "))
        if (is_suspect (self, (pid_t) strtol (next, &next, 10), root))
          return TRUE;
    }
  return n < 0 ? -1 : FALSE;
}

typedef struct
{
  AtelierTree     *tree;
  AtelierTreeRoot *root;
  gboolean         suspect;
} Leftovers;

static gboolean
check_leftover (pid_t pid, gpointer data)
{
  Leftovers *leftovers = data;

  leftovers->suspect = is_suspect (leftovers->tree, pid, leftovers->root);
  return !leftovers->suspect;
}

static pid_t
newest_pid (AtelierTree *self)
{
  char text[128];
  gssize n = pread (self->loadavg_fd, text, sizeof text - 1, 0);
  const char *last;

  if (n <= 0)
    return 0;
  text[n] = '\0';
  last = strrchr (text, ' ');
  return last != NULL ? atoi (last) : 0;
}

/* atelier_tree_may_have_leftovers:
 * @root: was waited for
 * @age_us: how long ago it was started
 *
 * The question after every attempt, so it is made cheap: where the kernel lists our children it is one read. Where
 * it does not, it is cheap for attempts that were short: pids are given out in ascending order, so a descendant has
 * a higher one than its root, and there are few of those unless the numbers started over.
 *
 * Returns: %FALSE when nothing of its tree can be left; %TRUE when atelier_tree_look() must tell */
gboolean
atelier_tree_may_have_leftovers (AtelierTree *self, AtelierTreeRoot *root, gint64 age_us)
{
  Leftovers leftovers = { self, root, FALSE };
  int answer = look_at_children (self, root);

  if (answer >= 0)
    return answer;
  if (!self->can_seek || root->mark == 0 || age_us > G_USEC_PER_SEC / 4 || newest_pid (self) < root->pid)
    return TRUE;
  atelier_process_each (self->proc_fd, root->pid + 1, check_leftover, &leftovers);
  return leftovers.suspect;
}
