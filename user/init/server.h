/*
 * Servers: started with what the start list gives them, and started again when they die.
 *
 * Their ports and their state are init's, so that both outlive them: whoever waits for an answer goes on
 * waiting, and the next instance receives the message again.
 */
#ifndef USER_INIT_SERVER_H
#define USER_INIT_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "user/init/list.h"

/* More deaths than this within a server's last DEATHS_NS: it is given up. */
#define DEATHS_MAX 5
#define DEATHS_NS  10000000000ul

/* Where the machine handle is, for what is made from it. Says what is wrong and returns false if anything is. */
bool servers_start(const struct start_list *list, int machine);

/*
 * A child has ended. True: it was a server; it runs again, or is given up. *end is set when nothing works without it.
 */
bool server_ended(pid_t pid, int status, bool *end);

/* One line: how a child of that name has ended, by its wait status. */
void say_ended(const char *name, int status);

#endif
