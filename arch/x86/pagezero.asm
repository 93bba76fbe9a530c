; clear_page(rdi) and copy_page(rdi, rsi): see mm/pagezero.h.
;
; Straight-line code: in a loop every ninth instruction would be overhead. One vector register is enough,
; because the processor renames it. It is kept on the stack with preemption off, so that no other task
; runs between save and restore, whatever the context switch saves of whom.
;
; Clobbers no general register; without SSE rax, rcx, rdi, rsi. The direction flag is clear (ABI).

bits 64
default rel

extern preempt_count
extern preempt_schedule

PAGE_BYTES equ 4096

section .data
global page_vector_bytes:data
page_vector_bytes: db 0			; 0: general registers, 16: SSE, 32: AVX (arch/x86/pagezero.c)

%macro PREEMPT_OFF 0
	inc dword [gs:abs preempt_count]
%endmacro

; Returns, through preempt_schedule() when a switch is due and nothing else forbids it.
%macro PREEMPT_ON_RET 0
	dec dword [gs:abs preempt_count]
	jz preempt_schedule
	ret
%endmacro

section .text

global clear_page:function
clear_page:
	cmp byte [page_vector_bytes], 16
	ja .avx
	jb .general
	PREEMPT_OFF
	sub rsp, 16
	movdqu [rsp], xmm0
	pxor xmm0, xmm0
%assign i 0
%rep PAGE_BYTES / 16
	movdqa [rdi + i], xmm0
%assign i i + 16
%endrep
	movdqu xmm0, [rsp]
	add rsp, 16
	PREEMPT_ON_RET
.avx:
	PREEMPT_OFF
	sub rsp, 32
	vmovdqu [rsp], ymm0
	vpxor xmm0, xmm0, xmm0		; clears the upper half too
%assign i 0
%rep PAGE_BYTES / 32
	vmovdqa [rdi + i], ymm0
%assign i i + 32
%endrep
	vmovdqu ymm0, [rsp]
	add rsp, 32
	PREEMPT_ON_RET
.general:
	xor eax, eax
	mov ecx, PAGE_BYTES / 8
	rep stosq
	ret

global copy_page:function
copy_page:
	cmp byte [page_vector_bytes], 16
	ja .avx
	jb .general
	PREEMPT_OFF
	sub rsp, 16
	movdqu [rsp], xmm0
%assign i 0
%rep PAGE_BYTES / 16
	movdqa xmm0, [rsi + i]
	movdqa [rdi + i], xmm0
%assign i i + 16
%endrep
	movdqu xmm0, [rsp]
	add rsp, 16
	PREEMPT_ON_RET
.avx:
	PREEMPT_OFF
	sub rsp, 32
	vmovdqu [rsp], ymm0
%assign i 0
%rep PAGE_BYTES / 32
	vmovdqa ymm0, [rsi + i]
	vmovdqa [rdi + i], ymm0
%assign i i + 32
%endrep
	vmovdqu ymm0, [rsp]
	add rsp, 32
	PREEMPT_ON_RET
.general:
	mov ecx, PAGE_BYTES / 8
	rep movsq
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
