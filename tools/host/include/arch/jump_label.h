/* Twin of jump labels: the answer is always no, so what is asked for is not even compiled. */
#ifndef ARCH_JUMP_LABEL_H
#define ARCH_JUMP_LABEL_H

#define jump_label(key) false

#endif
