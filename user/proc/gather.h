/*
 * The texts of the files: what the kernel says now (user/lib/procinfo.h) in Linux's format (format.h). Each function
 * adds to the text, and returns 0 or -errno; -ESRCH: the process has gone.
 */
#ifndef USER_PROC_GATHER_H
#define USER_PROC_GATHER_H

#include "user/proc/node.h"

/* The process-information right, a handle. Before anything else. */
void gather_init(int right);
/* Every LOAD_INTERVAL seconds: for the load averages. */
void gather_sample_load(void);
/* The highest number of a process or thread now; 0: the right is no right. */
int gather_highest(void);
/* When the process or thread was started, in ns since 1970; the machine for the others. */
uint64_t gather_start(const struct node *node);

/* Of a process or a thread. */
long make_stat(struct text *t, const struct node *node);
long make_status(struct text *t, const struct node *node);
long make_statm(struct text *t, const struct node *node);
long make_comm(struct text *t, const struct node *node);
long make_cmdline(struct text *t, const struct node *node);
long make_environ(struct text *t, const struct node *node);
long make_maps(struct text *t, const struct node *node);
long make_exe(struct text *t, const struct node *node);

/* Of the machine. */
long make_cpuinfo(struct text *t, const struct node *node);
long make_filesystems(struct text *t, const struct node *node);
long make_loadavg(struct text *t, const struct node *node);
long make_machine_stat(struct text *t, const struct node *node);
long make_meminfo(struct text *t, const struct node *node);
long make_mounts(struct text *t, const struct node *node);
long make_pgsync(struct text *t, const struct node *node);
long make_pgsync_tsv(struct text *t, const struct node *node);
long make_uptime(struct text *t, const struct node *node);
long make_version(struct text *t, const struct node *node);
long make_hostname(struct text *t, const struct node *node);
long make_osrelease(struct text *t, const struct node *node);
long make_ostype(struct text *t, const struct node *node);
long make_pid_max(struct text *t, const struct node *node);

#endif
