package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What this process may run, by real system calls and by ones that are refused. */
class MachineCodeTest {
    private static final int EACCES = 13;
    private static final int ENOSYS = 38;

    @AfterEach
    void unset() {
        System.clearProperty("llm2clip.machine");
    }

    @Test
    void onePropertySwitchesItOff() {
        System.setProperty("llm2clip.machine", "false");
        assertThat(MachineCode.ofThisProcess())
                .isEqualTo(new MachineCode.Refused("machine code is switched off by llm2clip.machine"));
        System.setProperty("llm2clip.machine", "no");
        assertThatThrownBy(MachineCode::ofThisProcess)
                .hasMessageStartingWith("The system property llm2clip.machine is 'no', expected true or false;");
    }

    @Test
    void otherSystemsAreNotTried() {
        assertThat(MachineProbe.probe("Windows 11", "amd64"))
                .isEqualTo(new MachineCode.Refused("machine code is for Linux on x86-64, not for Windows 11 on amd64"));
        assertThat(MachineProbe.probe("Linux", "aarch64"))
                .isEqualTo(new MachineCode.Refused("machine code is for Linux on x86-64, not for Linux on aarch64"));
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    void thisCpuSaysWhatTheSystemSaysOfIt() throws Exception {
        assertThat(MachineCode.ofThisProcess()).isInstanceOfSatisfying(MachineCode.Allowed.class, allowed -> {
            List<String> flags = flags();
            boolean vectors = flags.contains("avx512_bf16") && flags.contains("avx512bw");
            assertThat(allowed.features().missing(Feature.AVX512_BF16) == null).isEqualTo(vectors);
            assertThat(allowed.features().missing(Feature.AVX512) == null)
                    .isEqualTo(flags.containsAll(List.of("avx512f", "avx512bw")));
            boolean bytes = flags.contains("avx512_vnni") && flags.contains("avx512bw");
            assertThat(allowed.features().missing(Feature.AVX512_VNNI) == null).isEqualTo(bytes);
            boolean avx2 = flags.containsAll(List.of("avx2", "fma", "f16c"));
            assertThat(allowed.features().missing(Feature.AVX2) == null).isEqualTo(avx2);
            if (!flags.contains("amx_bf16")) {
                assertThat(allowed.features().missing(Feature.AMX_BF16)).isNotNull();
            }
        });
    }

    private static List<String> flags() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> List.of(line.split("\\s+")))
                    .orElseThrow();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    void codeRunsAndItsMemoryIsNeverWritableAndExecutable() throws Exception {
        Refusing calls = new Refusing(new LinuxSystemCalls(), List.of());
        assertRuns(new ExecutableMemory(calls));
        assertThat(calls.asked).containsExactly("mmap 3", "mprotect 5");
    }

    /** As under {@code PR_SET_MDWE}. */
    @Test
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    void aFileInMemoryIsMappedTwiceWhereWrittenMemoryMayNotBeExecuted() throws Exception {
        Refusing calls = new Refusing(new LinuxSystemCalls(), List.of("mprotect 5"));
        assertRuns(new ExecutableMemory(calls));
        assertThat(calls.asked)
                .containsExactly(
                        "mmap 3", "mprotect 5", "munmap", "memfd", "ftruncate", "mmap 3", "munmap", "mmap 5", "close");
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    void whereNothingMayBeExecutedTheReasonIsOneLine() {
        for (List<String> refused : List.of(
                List.of("mprotect 5", "mmap 5"), List.of("mprotect 5", "ftruncate"), List.of("mprotect 5", "mmap"))) {
            Refusing calls = new Refusing(new LinuxSystemCalls(), refused);
            assertThat(MachineProbe.probe(calls))
                    .isEqualTo(new MachineCode.Refused("the system refuses executable memory (mprotect: error 13, a"
                            + " mapping of memfd_create: error 13)"));
            assertThat(calls.open).as("files left open").isZero();
        }
        assertThat(MachineProbe.probe(new Refusing(new LinuxSystemCalls(), List.of("mmap", "memfd"))))
                .isEqualTo(new MachineCode.Refused("the system refuses executable memory (mprotect: error 13, a"
                        + " mapping of memfd_create: error 38)"));
    }

    private static void assertRuns(CodeSpace space) throws Exception {
        Assembler a = new Assembler();
        a.mov(Gpr.RAX, at(Gpr.RDI, 0));
        a.add(Gpr.RAX, 42);
        a.mov(at(Gpr.RDI, 8), Gpr.RAX);
        a.ret();
        MachineFunction function = space.install("plus 42", a.code());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(16, 8);
            block.set(ValueLayout.JAVA_LONG, 0, 1L << 40);
            function.call(block.address());
            assertThat(block.get(ValueLayout.JAVA_LONG, 8)).isEqualTo((1L << 40) + 42);
        }
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            assertThat(maps.filter(line -> line.contains(" rwx") && line.contains("llm2clip")))
                    .isEmpty();
        }
    }

    /** Real calls, but for those that are refused; and what was asked, with the protection. */
    private static final class Refusing implements SystemCalls {
        final SystemCalls real;
        final List<String> refused;
        final List<String> asked = new ArrayList<>();
        int open;

        Refusing(SystemCalls real, List<String> refused) {
            this.real = real;
            this.refused = refused;
        }

        private boolean refuses(String call, String detail) {
            asked.add(call + detail);
            return refused.contains(call) || refused.contains(call + detail);
        }

        @Override
        public long mmap(long bytes, int protection, int flags, int file) {
            // "mmap" beside "mprotect" is about the mappings of a file.
            boolean allowed = refused.contains("mprotect 5") && flags == PRIVATE_ANONYMOUS;
            return refuses("mmap", " " + protection) && !allowed ? -EACCES : real.mmap(bytes, protection, flags, file);
        }

        @Override
        public long mprotect(long address, long bytes, int protection) {
            return refuses("mprotect", " " + protection) ? -EACCES : real.mprotect(address, bytes, protection);
        }

        @Override
        public long munmap(long address, long bytes) {
            asked.add("munmap");
            return real.munmap(address, bytes);
        }

        @Override
        public long memfd(String name) {
            if (refuses("memfd", "")) {
                return -ENOSYS;
            }
            open++;
            return real.memfd(name);
        }

        @Override
        public long ftruncate(int file, long bytes) {
            return refuses("ftruncate", "") ? -EACCES : real.ftruncate(file, bytes);
        }

        @Override
        public long close(int file) {
            asked.add("close");
            open--;
            return real.close(file);
        }

        @Override
        public long requestComponent(int component) {
            return real.requestComponent(component);
        }

        @Override
        public MachineFunction function(MemorySegment address) {
            return real.function(address);
        }
    }
}
