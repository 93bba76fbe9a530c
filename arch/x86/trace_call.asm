; void trace_call(event, a, b), its arguments on the stack: see arch/trace.h. It takes them off. trace_write() saves
; what it uses but for its arguments.

bits 64
default rel

extern trace_write

section .text
global trace_call
trace_call:
	push rdi
	push rsi
	push rdx
	mov rdi, [rsp + 32]
	mov rsi, [rsp + 40]
	mov rdx, [rsp + 48]
	call trace_write
	pop rdx
	pop rsi
	pop rdi
	ret 24

section .note.GNU-stack noalloc noexec nowrite progbits
