# The machine on which Freewalk is built, run and graded, with every package at the state of one day.
#
#	docker build -t freewalk .
#	docker run --rm -it --cap-add=SYS_PTRACE -v "$PWD:/freewalk" freewalk make run
#
# On an arm64 host too: there the compiler is Debian's cross compiler for x86-64 (docs/portability.md). The packages are those of
# tools/setup, and of no other list. Base image and package archive are of the same day; for another one change both.
ARG DEBIAN=bookworm-20251229-slim
FROM debian:${DEBIAN}
ARG SNAPSHOT=20251229T000000Z

# The archive of that day; its Release files are older than they say they are good for.
RUN rm -f /etc/apt/sources.list.d/* \
	&& for suite in "debian bookworm" "debian bookworm-updates" "debian-security bookworm-security"; do \
		set -- $suite; \
		echo "deb [check-valid-until=no] http://snapshot.debian.org/archive/$1/${SNAPSHOT} $2 main"; \
	done >/etc/apt/sources.list \
	&& echo 'Acquire::Retries "5";' >/etc/apt/apt.conf.d/80-retries

COPY tools/setup /opt/freewalk/tools/setup
RUN apt-get update -q \
	&& apt-get install -y --no-install-recommends ca-certificates git make sudo less \
	&& /opt/freewalk/tools/setup all \
	&& rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --shell /bin/bash --uid 1000 student \
	&& echo 'student ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/student
USER student
WORKDIR /freewalk
CMD ["make", "help"]
