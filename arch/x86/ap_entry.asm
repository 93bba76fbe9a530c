; An application processor's first instructions on its own stack: see arch/x86/smp.c.
;
; The stack lies in a root slot that the trampoline's root does not have, so it must not be touched before CR3 is
; loaded; C cannot promise that.

bits 64
default rel

extern ap_root			; physical address of the boot CPU's root
extern ap_start

section .text

; In: edi = CPU number, rsp = stack top - 8, rbp = 0, interrupts off.
global ap_entry
ap_entry:
	mov rax, [ap_root]
	mov cr3, rax
	mov qword [rsp], 0	; ends backtraces: nobody called
	jmp ap_start

section .note.GNU-stack noalloc noexec nowrite progbits
