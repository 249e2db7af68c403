package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** It refuses what a CPU would fault at, and what a caller could not bear; what it computes the tests of kernels show. */
class EmulatedProcessorTest {

    @Test
    void whatAFunctionMustKeepIsLookedAt() {
        assertRefused("register 3 is not what it was", a -> a.mov(Gpr.RBX, 1));
        assertRefused("register 12 is not what it was", a -> {
            a.push(Gpr.R13);
            a.pop(Gpr.R12);
        });
        assertRefused("the stack is not empty", a -> a.push(Gpr.RAX));
        assertRefused("no vzeroupper after vectors", a -> a.vpxord(new Zmm(3), new Zmm(3), new Zmm(3)));
        assertRefused("tiles are not released", a -> a.ldtilecfg(at(Gpr.RDI, 0)));
    }

    @Test
    void tilesAreUsedAsTheyAreConfigured() {
        assertRefused("a tile that is not configured, 0", a -> a.tilezero(new Tile(0)));
        assertRefused("a tile that is not configured, 3", a -> {
            a.ldtilecfg(at(Gpr.RDI, 0));
            a.tilezero(new Tile(3));
        });
        assertRefused("shapes that do not fit", a -> {
            a.ldtilecfg(at(Gpr.RDI, 0));
            a.tdpbf16ps(new Tile(0), new Tile(1), new Tile(2));
        });
        assertRefused("one tile as two operands", a -> {
            a.ldtilecfg(at(Gpr.RDI, 0));
            a.tdpbf16ps(new Tile(0), new Tile(0), new Tile(2));
        });
        assertRefused("shapes that do not fit", a -> {
            a.ldtilecfg(at(Gpr.RDI, 0));
            a.tdpbssd(new Tile(0), new Tile(1), new Tile(2));
        });
        assertRefused("one tile as two operands", a -> {
            a.ldtilecfg(at(Gpr.RDI, 0));
            a.tdpbsud(new Tile(0), new Tile(2), new Tile(2));
        });
    }

    @Test
    void otherInstructionsAreUnknown() {
        assertRefused("no condition 162", a -> a.cpuid());
    }

    private static void assertRefused(String message, Consumer<Assembler> program) {
        Assembler a = new Assembler();
        program.accept(a);
        a.ret();
        MachineFunction function = new EmulatedProcessor().install("a test", a.code());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment configuration = arena.allocate(64, 64);
            configuration.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            for (int tile = 0; tile < 3; tile++) {
                configuration.set(ValueLayout.JAVA_SHORT, 16 + 2L * tile, (short) 64);
                configuration.set(ValueLayout.JAVA_BYTE, 48 + tile, (byte) (tile + 1));
            }
            assertThatThrownBy(() -> function.call(configuration.address()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(message);
        }
    }
}
