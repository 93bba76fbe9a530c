/* Twin of the call behind TRACE(): nobody comes here, see jump_label.h. */
#ifndef ARCH_TRACE_H
#define ARCH_TRACE_H

#define arch_trace_write(event, a, b) ((void)(event), (void)(a), (void)(b))

#endif
