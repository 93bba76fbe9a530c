; Every way into the kernel and out of it: system calls, traps, interrupts, new tasks.
;
; The frame on the kernel stack is struct regs (arch/x86/regs.h). GS is the kernel's inside the kernel: it is
; swapped on the way in from user mode and on the way out. Nothing here decides; C does (trap.c, syscall.c). The
; lines unwind_... tell debuggers where the interrupted registers are (unwind.inc); they are no code.

bits 64
default rel

%include "arch/x86/unwind.inc"

%define KERNEL_CS	0x08
%define USER_SS		0x1b
%define USER_CS		0x23
%define PREEMPT_NO_RESCHED 0x80000000

; Offsets in struct regs; arch/x86/trap.c asserts them.
%define R_R15	0
%define R_R11	(6 * 8)
%define R_R10	(7 * 8)
%define R_R9	(8 * 8)
%define R_R8	(9 * 8)
%define R_RAX	(10 * 8)
%define R_RDX	(12 * 8)
%define R_RSI	(13 * 8)
%define R_RDI	(14 * 8)
%define R_RIP	(17 * 8)
%define R_CS	(18 * 8)
%define R_RFLAGS (19 * 8)
%define R_RSP	(20 * 8)
%define R_SIZE	(22 * 8)

extern current_task		; per CPU; task_struct begins with the word of exit work
extern cpu_kernel_stack		; per CPU: top of the current task's kernel stack
extern preempt_count		; per CPU
extern sys_call_table
extern sys_call_count
extern trap_dispatch
extern trap_paranoid
extern syscall_other
extern exit_to_user
extern schedule_tail
extern kthread_exit

section .percpu progbits alloc noexec write align=8
cpu_user_rsp: dq 0

section .text

%macro PUSH_EACH 1-*
%rep %0
	push %1
	unwind_pushed %1
%rotate 1
%endrep
%endmacro

%macro POP_EACH 1-*
%rep %0
%rotate -1
	pop %1
	unwind_popped %1
%endrep
%endmacro

%define REGS rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
; Debug builds look whether the call has left something behind (kernel/checkers.h); others have not one instruction.
%ifdef DEBUG_KERNEL
extern checkers_leave_syscall
%macro CHECK_LEAVE 0
	call checkers_leave_syscall
	mov rax, [rsp + R_RAX]
%endmacro
%else
%macro CHECK_LEAVE 0
%endmacro
%endif

; SYSCALL: rcx = user rip, r11 = user rflags, interrupts off by SFMASK, the stack still the user's (SDM vol. 2B).
global syscall_entry
syscall_entry:
	unwind_begin trap
	unwind_in rip, rcx
	unwind_in rflags, r11
	swapgs
	mov [gs:abs cpu_user_rsp], rsp
	mov rsp, [gs:abs cpu_kernel_stack]
	unwind_cfa 0
	unwind_lost rsp		; it is in cpu_user_rsp, and gdb has no number for GS base: tools/gdb/fw/frames.py knows
	push USER_SS
	unwind_pushed ss
	push qword [gs:abs cpu_user_rsp]
	unwind_pushed rsp
	push r11
	unwind_pushed rflags
	push USER_CS
	unwind_pushed cs
	push rcx
	unwind_pushed rip
	push -1			; REGS_SYSCALL
	unwind_pushed -
	push rax
	unwind_pushed -
	PUSH_EACH REGS
	sti
	cmp rax, [abs sys_call_count]
	jae .other
	mov rcx, r10
	call [abs sys_call_table + rax * 8]
.done:
	mov [rsp + R_RAX], rax
	CHECK_LEAVE
	cli
	mov rcx, [gs:abs current_task]
	cmp dword [rcx], 0
	jne .work
	cmp dword [gs:abs preempt_count], PREEMPT_NO_RESCHED
	jne .work
.fast:
	; C has kept rbx, rbp and r12 to r15.
	mov r10, [rsp + R_R10]
	mov r9, [rsp + R_R9]
	mov r8, [rsp + R_R8]
	mov rdx, [rsp + R_RDX]
	mov rsi, [rsp + R_RSI]
	mov rdi, [rsp + R_RDI]
	mov r11, [rsp + R_RFLAGS]
	mov rcx, [rsp + R_RIP]
	mov rsp, [rsp + R_RSP]
	unwind_end
	unwind_begin trap
	unwind_in rip, rcx
	unwind_in rflags, r11
	swapgs
	o64 sysret
	unwind_end
.other:
	unwind_begin trap
	unwind_regs REGS_WORDS
	mov rdi, rsp
	call syscall_other
	jmp .done
.work:
	mov rdi, rsp
	call exit_to_user
	jmp return_full
	unwind_end

; The first instructions of a forked task: it returns to user mode through a complete frame.
global ret_from_fork
ret_from_fork:
	unwind_begin trap
	unwind_regs REGS_WORDS
	xor ebp, ebp
	call schedule_tail
	mov rdi, rsp
	call exit_to_user
	unwind_end
; void user_enter(void): the running task leaves the kernel for good, through the frame at the top of its stack.
global user_enter
user_enter:
	unwind_begin call
	cli
	mov rsp, [gs:abs cpu_kernel_stack]
	unwind_end
	unwind_begin trap
	unwind_regs 0
	sub rsp, R_SIZE
	unwind_cfa REGS_WORDS
	mov rdi, rsp
	call exit_to_user
; Interrupts off, a complete frame on the stack, going back to user mode.
global user_enter_first
user_enter_first:
return_full:
	swapgs
return_kernel:
	POP_EACH REGS
	add rsp, 16
	unwind_cfa 5
	iretq
	unwind_end

; The first instructions of a kernel thread. On the stack: its function, the argument.
global kthread_start
kthread_start:
	unwind_begin call
	unwind_outermost
	xor ebp, ebp
	call schedule_tail
	pop rax
	pop rdi
	call rax
	mov edi, eax
	call kthread_exit
	ud2
	unwind_end

; Traps and interrupts, by interrupt gates.
trap_common:
	unwind_begin trap
	unwind_pushed_by_cpu 7
	PUSH_EACH REGS
	cld
	mov rdi, rsp
	test byte [rsp + R_CS], 3
	jz .kernel
	swapgs
	call trap_dispatch
.user_back:
	cli
	mov rdi, rsp
	call exit_to_user
	jmp return_full
.kernel:
	call trap_dispatch
.kernel_back:
	jmp return_kernel
	unwind_end

; STI holds interrupts off for one instruction, so none comes between it and HLT. But an NMI may come there, and behind
; its IRET nothing holds them off: the handler steps over the HLT then (trap_leave_halt).
global cpu_wait_for_interrupt
global cpu_halt_instruction
cpu_wait_for_interrupt:
	unwind_begin call
	sti
cpu_halt_instruction:
	hlt
	cli
	ret
	unwind_end

; NMI, double fault, machine check: on stacks of their own, and at any instruction, also between a SYSCALL and its
; swapgs. User mode can put any value into GS base (WRGSBASE), so nothing is read from it: the top word of each
; of these stacks holds the CPU's own GS base.
%define IST_STACK_SIZE 8192
trap_ist:
	unwind_begin trap
	unwind_pushed_by_cpu 7
	PUSH_EACH REGS
	cld
	mov rdi, rsp
	mov rax, rsp
	or rax, IST_STACK_SIZE - 1
	mov rax, [rax - 7]
	rdgsbase rbx
	wrgsbase rax
	call trap_paranoid
.back:
	wrgsbase rbx
	jmp return_kernel
	unwind_end

%macro STUB 1
align 16
trap_stub_%1:
%if %1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30
	unwind_cfa 6
%else
	unwind_cfa 5
	push 0
	unwind_pushed -
%endif
	push %1
	unwind_pushed -
%if %1 == 2 || %1 == 8 || %1 == 18
	jmp trap_ist
%else
	jmp trap_common
%endif
%endmacro

	unwind_begin trap
	unwind_pushed_by_cpu 5
%assign i 0
%rep 256
	STUB i
%assign i i + 1
%endrep
	unwind_end

section .rodata
global trap_stubs
align 8
trap_stubs:
%assign i 0
%rep 256
	dq trap_stub_ %+ i
%assign i i + 1
%endrep

; For backtraces (arch/x86/backtrace.c): where calls come back to that have a frame of registers right above them.
global entry_returns
entry_returns:
	dq syscall_entry.done, trap_common.user_back, trap_common.kernel_back, trap_ist.back
	dq 0

section .note.GNU-stack noalloc noexec nowrite progbits
