/*
 * What a process may do to names: the rules and the errors of Linux's own calls, as root.
 *
 * Each takes walks by WALK_NAME, whose names need not be there.
 */
#ifndef USER_ROOTFS_NAMES_H
#define USER_ROOTFS_NAMES_H

#include "user/rootfs/walk.h"

/* Whether mkdir(2) or mknod(2) make a file of that type. */
bool name_may_be(uint32_t mode);
/* `mode` with such a type. */
long name_make(const struct walk *w, uint32_t mode, uint64_t rdev);
/* `target` is not empty. */
long name_symlink(const struct walk *w, const char *target);
/* link(2): `inode` gets one more name. */
long name_link(struct inode *inode, const struct walk *w);
long name_unlink(const struct walk *w);
long name_rmdir(const struct walk *w);
/* flags: those of renameat2(2). */
#define NAME_NOREPLACE 1u
#define NAME_EXCHANGE  2u
bool name_may_rename(unsigned int flags);
long name_rename(const struct walk *from, const struct walk *to, unsigned int flags);

/* A new regular file at a name that is not there, for open(2); `dir` may be gone. Its inode in *made. */
long name_create(const struct walk *w, uint32_t mode, struct inode **made);

#endif
