# Freewalk. `make help` lists what can be made; docs/testing.md says how the tests work.
#
# Knobs, for example `make run NCPU=8 PGSYNC=list SEED=7`:
#	NCPU		virtual CPUs, 1 to 255
#	PGSYNC		how the kernel half of root tables is kept equal: walk, list, none
#	DURATION	seconds that the stress runs
#	SEED		of the stress and of the order of the in-kernel tests
#	MEM		guest memory
#	LEVELS		of page tables: 4 or 5, by what the processor can
#	DIMM		memory in a slot, as size@address; ktest has one at 512 GiB unless this is `none`
#	SLOTS, QMP	run: slots for DIMMs, and the socket of QEMU's monitor, to plug them in (docs/hotplug.md)
#	USERPROG	the user program whose symbols `make gdb` loads
#	SETUP		no: never install packages, print the line to type
#	CI		true: warnings are errors
#	JOBS		compilers at a time
#	DEBUG		1: the debug build, in build/debug: race points, freed memory is poisoned
#	SAN		address or undefined: a debug build under that sanitizer, in build/asan or build/ubsan (docs/sanitizers.md)
#	MUTANT		a debug build without the protection of that name, in build/mutants/NAME
#	ICOUNT		deterministic: 2^ICOUNT ns of virtual time an instruction
#	SCHED		ktest: forced schedule at race points (docs/testing.md), debug builds only
#	FILTER, SKIP	ktest: prefixes of suite.name, separated by commas
#	LINUX		conformance: a Linux kernel in place of Debian's
#	ONLY		conformance: a group of cases, or group.name
#	STRATEGIES	bench-pgsync: only these, separated by blanks
#	APPEND		more options for the kernel command line
#	LAB, OUT	lab, grade: which one; where the starter goes (labs/README.md)
NCPU     ?= 64
PGSYNC   ?= walk
DURATION ?= 20
SEED     ?= 1
MEM      ?= 1G
LEVELS   ?= 4
USERPROG ?= pgstress
SETUP    ?= yes
CI       ?= false
JOBS     ?= 2
DEBUG    ?= 0
MUTANT   ?=
SAN      ?=
LINUX    ?= build/linux/vmlinuz

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules -j$(JOBS)
export SETUP CI

# --- packages: what a goal needs is looked for, and installed, before anything else -----------------

NOSETUP = help doctor clean setup lab
$(foreach g,test test-all test-san mutants check grade,$(eval PROFILE_$g := test))
$(foreach g,run iso bench ktest conformance,$(eval PROFILE_$g := run))
PROFILE_test         := test grade browser
PROFILE_test-all     := test grade browser
PROFILE_gdb          := gdb
PROFILE_book         := book
PROFILE_trace        := trace
PROFILE_bench-pgsync := plot
GOALS  := $(filter-out $(NOSETUP),$(MAKECMDGOALS))
ifneq ($(GOALS),)
ifeq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
ifneq ($(shell tools/setup $(sort $(foreach g,$(GOALS),$(or $(PROFILE_$g),build))) >&2 && echo ok),ok)
$(error packages are missing, see above)
endif
endif
endif

# --- the kernel ------------------------------------------------------------------------------------

CROSS := $(firstword $(foreach p,x86_64-elf- x86_64-linux-gnu-,$(if $(shell command -v $p\gcc),$p)))
KCC   := $(CROSS)gcc
KLD   := $(CROSS)ld
NASM  := nasm

# The builds differ in DEBUG_KERNEL (kernel/base/debug.h), SAN_ADDRESS and SAN_UNDEFINED (kernel/base/san.h), and in the sources
# that only some of them have. One under a sanitizer is a debug build as well.
ifeq ($(filter-out 0,$(DEBUG))$(MUTANT)$(SAN),)
KOUT      := build
ELSEWHERE := kernel/racepoint.c kernel/racedirect.c kernel/racerules.c %_forced_ktest.c \
	     kernel/checkers.c kernel/stackcheck.c kernel/selftest_checkers.c kernel/base/contextcheck.c kernel/base/lockdep.c kernel/base/lockgraph.c
else
KOUT      := build/debug
ELSEWHERE := kernel/racepoint_release.c
BUILD     := -DDEBUG_KERNEL=1
endif
include kernel/sanitizers.inc
OBJ     := $(KOUT)/obj
DIRS    := boot arch/x86 kernel kernel/base kernel/file kernel/ipc kernel/machine kernel/procinfo mm mm/kasan mm/pgsync
ALLSRC  := $(sort $(foreach d,$(DIRS),$(wildcard $d/*.c $d/*.S $d/*.asm $d/tests/*_ktest.c)))
KSRC    := $(filter-out $(ELSEWHERE),$(ALLSRC))
KOBJ    := $(KSRC:%=$(OBJ)/%.o) $(OBJ)/syscall_names.o
# No header of the host: only the compiler's own. (Its limits.h asks for the C library's unless told not to.)
INCLUDE := -I. -Iarch/x86/include -nostdinc -isystem $(shell $(KCC) -print-file-name=include 2>/dev/null) -D_LIBC_LIMITS_H_
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
KCFLAGS := -std=gnu11 -O2 -g -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	   -fno-omit-frame-pointer -fno-pic -no-pie -fno-stack-protector \
	   -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables $(INCLUDE) $(WARN) $(BUILD) $(EXTRA)
ifeq ($(CI),true)
KCFLAGS += -Werror
endif
NASMFLAGS := -f elf64 -g -F dwarf -I./ -Iarch/x86/ -w+error $(BUILD)
KLDFLAGS  := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -T linker.ld

# A table whose default comes first and whose entries override it, as Linux writes its own.
CFLAGS_kernel/syscall_table.c += -Wno-override-init
# Crashes on purpose.
CFLAGS_kernel/selftest.c += -Wno-infinite-recursion -Wno-array-bounds

# A mutant: the files that contain MUTANT(name), or include a header that does, are compiled with the switch on, the rest is
# the debug build's. So any number of them can be built at once when `make all DEBUG=1` is done.
KDIR := $(KOUT)
ifneq ($(MUTANT),)
MUTATED := $(filter $(KSRC),$(shell tools/mutated $(MUTANT)))
ifeq ($(MUTATED),)
$(error no file contains MUTANT($(MUTANT)); known: $(sort $(shell grep -rohw 'MUTANT([a-z0-9_]*)' --include=*.[ch] \
	$(sort $(DIRS)) | sed 's/.*(//; s/)//')))
endif
KDIR := build/mutants/$(MUTANT)
KOBJ := $(filter-out $(MUTATED:%=$(OBJ)/%.o),$(KOBJ)) $(MUTATED:%=$(KDIR)/obj/%.o)
endif

# Rewritten only when the command lines change, so that such a change builds everything again.
CONFIG := $(OBJ)/config
$(CONFIG): FORCE
	@mkdir -p $(@D)
	@echo '$(KCC) $(KCFLAGS) $(SANITIZE) $(UNSEEN_$(SAN)) $(EARLY_$(SAN)) $(strip $(foreach f,$(KSRC),$(CFLAGS_$f))) $(NASMFLAGS) $(KLDFLAGS)' >$@.$$$$; \
		if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

$(OBJ)/%.c.o: %.c $(CONFIG)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(KCC) $(KCFLAGS) $(CHECKED) $(CFLAGS_$<) -MMD -MP -c $< -o $@

build/mutants/$(MUTANT)/obj/%.c.o: %.c $(CONFIG)
	@mkdir -p $(@D)
	@echo "  CC   $< without $(MUTANT)"
	@$(KCC) $(KCFLAGS) $(CFLAGS_$<) -DMUTANT_$(MUTANT)=1 -MMD -MP -c $< -o $@

$(OBJ)/%.S.o: %.S $(CONFIG)
	@mkdir -p $(@D)
	@echo "  AS   $<"
	@$(KCC) $(KCFLAGS) -MMD -MP -c $< -o $@

# Without local labels, .name and those of macros: to debuggers they would be functions.
$(OBJ)/%.asm.o: %.asm $(CONFIG)
	@mkdir -p $(@D)
	@echo "  NASM $<"
	@$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@
	@$(CROSS)objcopy --wildcard --strip-symbol='..@*' --strip-symbol='[a-zA-Z_]*.*' $@

# Names for the log, from the headers that user programs are compiled with.
$(OBJ)/syscall_names.c: tools/syscall-names $(CONFIG)
	@tools/syscall-names $(USER_CC) >$@

$(OBJ)/syscall_names.o: $(OBJ)/syscall_names.c kernel/syscall_names.h
	@$(KCC) $(KCFLAGS) -c $< -o $@

# Linked twice: the symbol table for backtraces is made from the first link, whose own table is empty.
$(KDIR)/obj/ksyms0.S: tools/ksyms $(CONFIG)
	@mkdir -p $(@D)
	@tools/ksyms --empty >$@

$(KDIR)/obj/ksyms1.S: $(KDIR)/obj/freewalk0.elf tools/ksyms
	@tools/ksyms $< >$@

$(KDIR)/obj/ksyms%.o: $(KDIR)/obj/ksyms%.S
	@$(KCC) $(KCFLAGS) -c $< -o $@

$(KDIR)/obj/freewalk0.elf: $(KOBJ) $(KDIR)/obj/ksyms0.o linker.ld
	@$(KLD) $(KLDFLAGS) $(KOBJ) $(KDIR)/obj/ksyms0.o -o $@

$(KDIR)/freewalk.elf: $(KDIR)/obj/freewalk0.elf $(KDIR)/obj/ksyms1.o
	@echo "  LD   $@"
	@$(KLD) $(KLDFLAGS) $(KOBJ) $(KDIR)/obj/ksyms1.o -o $@

-include $(KOBJ:.o=.d)

# --- user programs and the boot archive (build/initramfs.cpio) ------------------------------------

-include user/Makefile.inc

# --- a QEMU plugin that counts instructions, locked operations and cache lines (bench-pgsync, tests) ---

build/count.so: tools/count/count.c tools/count/qemu_plugin_api.h kernel/abi/marker.h
	@mkdir -p $(@D)
	@echo "  HOST $@"
	@gcc -std=gnu11 -O2 -Wall -Wextra -I. -shared -fPIC -fvisibility=hidden $(if $(filter true,$(CI)),-Werror) $< -o $@

# --- the Linux that `make conformance` compares with: out of Debian's package, never installed ---

build/linux/vmlinuz:
	@tools/fetch-linux $@

# --- what a person asks for --------------------------------------------------------------------------

KERNEL  := $(KDIR)/freewalk.elf
BOOT    := $(KERNEL) build/initramfs.cpio
QEMU    := tools/qemu.py --kernel $(KERNEL) --mem $(MEM) --levels $(LEVELS) $(if $(ICOUNT),--icount $(ICOUNT)) $(if $(SLOTS),--slots $(SLOTS)) \
	   $(if $(QMP),--qmp $(QMP))
OPTIONS  = $(strip pgsync=$(PGSYNC) pgctl=1 seed=$(SEED) $(if $(ICOUNT),idle=poll) $(if $(SCHED),sched=$(SCHED)) $(if $(MUTANT),mutant=$(MUTANT)) $(APPEND))
STRESS   = $(OPTIONS) -- @servers /bin/pgstress duration=$(DURATION) seed=$(SEED)
PYTEST  := /usr/bin/python3 -m pytest -p no:cacheprovider --basetemp=build/pytest

.PHONY: all book run iso test test-all test-san mutants pgmodel conformance hosttest check bench bench-pgsync ktest gdb shell trace doctor setup help clean \
	compile_commands lab grade FORCE
FORCE:

all: $(BOOT)

run: $(BOOT)
	@$(QEMU) $(addprefix --dimm ,$(DIMM)) --title RUN --iso $(KDIR)/run.iso --smp $(NCPU) --append '$(STRESS)' \
		--expect '^PGSTRESS: PASS' --log $(KDIR)/logs/run.log

iso: $(BOOT)
	@tools/qemu.py --kernel $(KERNEL) --make-iso $(KDIR)/freewalk.iso --append '$(STRESS)'
	@echo "$(KDIR)/freewalk.iso boots on BIOS and UEFI, and from a USB stick."

ktest: $(BOOT)
	@$(QEMU) $(if $(filter none,$(DIMM)),,--dimm $(or $(DIMM),128M@0x8000000000)) --title KTEST --smp $(NCPU) --expect '^# ktest: PASS' \
		--append 'ktest=1 $(if $(FILTER),filter=$(FILTER) )$(if $(SKIP),skip=$(SKIP) )$(OPTIONS)'

hosttest:
	@tools/host-tests --jobs 2

check:
	@tools/check

test:
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory hosttest
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory all DEBUG=1
	@$(MAKE) --no-print-directory build/shell.cpio
	@$(MAKE) --no-print-directory build/count.so
	@$(PYTEST) tools/tests -m 'not more' --junitxml=build/pytest.xml -q -rfE $(if $(K),-k '$(K)')

# Everything in `make test`, the longer system tests, every mutant, the model's larger scenarios, and the comparison with Linux.
test-all: test
	@$(PYTEST) tools/tests -m more --junitxml=build/pytest-more.xml -q -rfE
	@$(MAKE) --no-print-directory conformance
	@$(MAKE) --no-print-directory mutants
	@$(MAKE) --no-print-directory pgmodel FULL=1

# A part of `make test-all`: the marker `more` has it.
test-san: build/shell.cpio
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory all DEBUG=1
	@$(PYTEST) tools/tests/test_san.py --junitxml=build/pytest-san.xml -q -rfE $(if $(K),-k '$(K)')

mutants:
	@tools/mutants

pgmodel:
	@tools/pgmodel/run $(if $(FULL),--full) $(if $(ONLY),--only $(ONLY)) $(if $(SHOW),--show $(SHOW)) $(if $(MUTANT),--mutant $(MUTANT))

conformance: $(BOOT) $(LINUX)
	@tools/conformance.py --linux $(LINUX) $(if $(ONLY),--only $(ONLY))

bench: $(BOOT)
	@tools/bench-report

bench-pgsync: $(BOOT) build/count.so
	@tools/bench-pgsync $(if $(STRATEGIES),--strategies '$(STRATEGIES)')

book:
	@tools/book --jobs $(JOBS)

gdb: $(BOOT)
	@tools/gdb/session --kernel $(KERNEL) --smp $(if $(filter file,$(origin NCPU)),4,$(NCPU)) --levels $(LEVELS) --program $(USERPROG) \
		--append '$(STRESS)'

# A race, as a page and for Perfetto. Few CPUs and a short run unless asked otherwise: what happens is to be seen.
TRACE_OPTIONS = --kernel $(KERNEL) --smp $(if $(filter file,$(origin NCPU)),4,$(NCPU)) --pgsync $(PGSYNC) --seed $(SEED) \
		$(if $(filter file,$(origin DURATION)),,--duration $(DURATION)) $(addprefix --filter ,$(FILTER)) $(addprefix --sched ,$(SCHED)) \
		$(if $(APPEND),--append '$(APPEND)')

trace: $(if $(SHOW),,$(BOOT))
	@tools/trace/run $(if $(SHOW),--show $(SHOW),$(TRACE_OPTIONS))

shell: $(BOOT) build/shell.cpio
	@tools/shell --kernel $(KERNEL) --smp $(NCPU) --mem $(MEM) --levels $(LEVELS) --append '$(OPTIONS)'

lab:
	@tools/mklab $(LAB) $(OUT)

grade:
	@tools/grade --lab $(or $(LAB),$(error which lab? make grade LAB=4)) --jobs $(JOBS)

doctor:
	@tools/doctor

setup:
	@tools/setup test

compile_commands:
	@tools/compile-commands

clean:
	rm -rf build

help:
	@echo "make run        boot the GRUB image on $(NCPU) CPUs and run the page-table stress (about a minute)"
	@echo "                (SLOTS=4 QMP=/tmp/freewalk.qmp: memory can be plugged in meanwhile, docs/hotplug.md)"
	@echo "make shell      busybox's shell on $(NCPU) CPUs, on this terminal; exit or Ctrl-A X ends it"
	@echo "make test       every check and test: format and rules, host units, in-kernel, whole system"
	@echo "make test-all   make test, longer system tests, every mutant, pgmodel's larger scenarios, conformance (half an hour or more)"
	@echo "make test-san   the whole suites and every planted fault on kernels under sanitizers (docs/sanitizers.md)"
	@echo "make mutants    builds the kernel without each protection in turn: its test, and no other, must fail"
	@echo "make all        build/freewalk.elf and build/initramfs.cpio"
	@echo "make iso        build/freewalk.iso, for BIOS and UEFI"
	@echo "make ktest      the in-kernel tests alone               (FILTER=buddy SEED=7 NCPU=8 DEBUG=1)"
	@echo "make hosttest   the host unit tests alone, under ASan and UBSan"
	@echo "make pgmodel    every interleaving of small scenarios of mm/pgsync, SC and x86-TSO (FULL=1 SHOW=model.fork_grow.walk-v2.tso)"
	@echo "make trace      a race as a page and for Perfetto: build/trace/   (PGSYNC=walk-v2; SHOW=model.fork_grow.walk-v2.tso; docs/trace.md)"
	@echo "make conformance   one binary on Debian's kernel and on Freewalk: what it sees must be equal (half a minute; ONLY=memory)"
	@echo "make check      format, include rules, spin loops, the map of the code"
	@echo "make bench      instructions per operation, throughput, boot time: one table"
	@echo "make bench-pgsync   what each strategy costs: a table, a plot, a model   (STRATEGIES='walk list')"
	@echo "make gdb        boot halted and debug the kernel and one user program (USERPROG=pgstress DEBUG=1)"
	@echo "make book       the book as HTML, in build/book: docs/README.md is its list of pages"
	@echo "make lab        cuts a lab's starter repository             (LAB=4 OUT=dir)"
	@echo "make grade      grades what this tree has of a lab          (LAB=4)"
	@echo "make compile_commands   build/compile_commands.json, for clangd and editors (docs/portability.md)"
	@echo "make doctor     each tool, its version, and what mends what is missing"
	@echo "make clean      remove build/"
	@echo
	@echo "Knobs (now):    NCPU=$(NCPU) PGSYNC=$(PGSYNC) DURATION=$(DURATION) SEED=$(SEED) MEM=$(MEM) LEVELS=$(LEVELS) SETUP=$(SETUP) CI=$(CI) DEBUG=$(DEBUG) SAN=$(SAN)"
	@echo "Read first:     README.md, docs/00-start-here.md"
