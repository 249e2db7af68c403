package io.llm2clip.kernels.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What is read out of a CPU's answers. */
class CpuFeaturesTest {
    private static final int EPERM = 1;

    /** An answer for each leaf and subleaf; of a server with AMX, of which tests take something away. */
    private static final class Planted implements Cpuid {
        final Map<List<Integer>, Leaf> leaves = new HashMap<>(Map.of(
                List.of(0, 0), new Leaf(0x20, 0, 0, 0),
                List.of(1, 0), new Leaf(0, 0, 1 << 12 | 1 << 27 | 1 << 29, 0),
                List.of(7, 0), new Leaf(1, 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30, 1 << 11, 1 << 22 | 1 << 24 | 1 << 25),
                List.of(7, 1), new Leaf(1 << 4 | 1 << 5, 0, 0, 0),
                List.of(0x1D, 1), new Leaf(1024 << 16 | 8192, 8 << 16 | 64, 16, 0)));
        long state = 0x602E7;

        @Override
        public Leaf leaf(int leaf, int subleaf) {
            return Objects.requireNonNull(leaves.get(List.of(leaf, subleaf)), "asked for what is not there");
        }

        @Override
        public long savedState() {
            if ((leaf(1, 0).ecx() & 1 << 27) == 0) {
                throw new AssertionError("the instruction would fault");
            }
            return state;
        }

        Map<Feature, String> missing(long permission) {
            return CpuFeatures.of(this, component -> component == 18 ? permission : -22)
                    .missing();
        }
    }

    @Test
    void allOfThemAreSeen() {
        assertThat(new Planted().missing(0)).isEmpty();
    }

    @Test
    void aZen4HasVectorsAndNoTiles() {
        Planted cpu = new Planted();
        cpu.leaves.put(List.of(0, 0), new Cpuid.Leaf(0x10, 0, 0, 0));
        cpu.leaves.put(List.of(7, 0), new Cpuid.Leaf(1, 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30, 1 << 11, 0));
        cpu.leaves.put(List.of(7, 1), new Cpuid.Leaf(1 << 5, 0, 0, 0));
        cpu.leaves.remove(List.of(0x1D, 1));
        cpu.state = 0xE7;
        assertThat(cpu.missing(0))
                .isEqualTo(Map.of(
                        Feature.AMX_BF16, "this CPU has no AMX",
                        Feature.AMX_INT8, "this CPU has no AMX",
                        Feature.AVX_VNNI, "this CPU has no AVX-VNNI"));
    }

    @Test
    void oldProcessorsAreNotAskedForWhatTheyDoNotKnow() {
        Planted cpu = new Planted();
        cpu.leaves.clear();
        cpu.leaves.put(List.of(0, 0), new Cpuid.Leaf(1, 0, 0, 0));
        cpu.leaves.put(List.of(1, 0), new Cpuid.Leaf(0, 0, 0, 0));
        String reason = "this CPU has no AVX-512 instructions on bf16";
        assertThat(cpu.missing(0))
                .isEqualTo(Map.of(
                        Feature.AVX512,
                        "this CPU has no AVX-512 instructions",
                        Feature.AVX512_BF16,
                        reason,
                        Feature.AMX_BF16,
                        reason,
                        Feature.AVX512_VNNI,
                        "this CPU has no AVX-512 instructions on bytes",
                        Feature.AMX_INT8,
                        "this CPU has no AVX-512 instructions on bytes",
                        Feature.AVX2,
                        "this CPU has no AVX2 with FMA and F16C",
                        Feature.AVX_VNNI,
                        "this CPU has no AVX2 with FMA and F16C"));
    }

    /** A Zen 3, and a Core of the twelfth generation. */
    @Test
    void vectorsOf256BitsNeedNoneOf512() {
        Planted cpu = new Planted();
        cpu.leaves.put(List.of(7, 0), new Cpuid.Leaf(0, 1 << 5, 0, 0));
        cpu.leaves.remove(List.of(7, 1));
        cpu.state = 7;
        assertThat(cpu.missing(0))
                .doesNotContainKey(Feature.AVX2)
                .containsEntry(Feature.AVX_VNNI, "this CPU has no AVX-VNNI");
        cpu.leaves.put(List.of(7, 0), new Cpuid.Leaf(1, 1 << 5, 0, 0));
        cpu.leaves.put(List.of(7, 1), new Cpuid.Leaf(1 << 4, 0, 0, 0));
        assertThat(cpu.missing(0))
                .containsOnlyKeys(
                        Feature.AVX512, Feature.AVX512_BF16, Feature.AVX512_VNNI, Feature.AMX_BF16, Feature.AMX_INT8);
        cpu.state = 3;
        String reason = "the operating system does not save AVX registers";
        assertThat(cpu.missing(0)).containsEntry(Feature.AVX2, reason).containsEntry(Feature.AVX_VNNI, reason);
    }

    /** So that a process can be what it would be on another CPU. */
    @Test
    void aWidthOfVectorsHidesWhatIsWider() {
        CpuFeatures all = CpuFeatures.of(new Planted(), component -> 0);
        assertThat(all.within(0)).isEqualTo(all);
        assertThat(all.within(512)).isEqualTo(all);
        assertThat(all.within(256).missing())
                .containsOnlyKeys(
                        Feature.AVX512, Feature.AVX512_BF16, Feature.AVX512_VNNI, Feature.AMX_BF16, Feature.AMX_INT8)
                .containsValue("vectors have 256 bits by llm2clip.vector.bits");
        assertThat(all.within(128).missing()).containsOnlyKeys(Feature.values());
        Planted old = new Planted();
        old.leaves.put(List.of(7, 0), new Cpuid.Leaf(0, 1 << 5, 0, 0));
        old.leaves.remove(List.of(7, 1));
        assertThat(CpuFeatures.of(old, component -> 0).within(256).missing())
                .containsEntry(Feature.AVX512, "this CPU has no AVX-512 instructions");
    }

    /** Cascade Lake multiplies bytes and not bf16, Cooper Lake both. */
    @Test
    void bytesAndBf16AreFeaturesOfTheirOwn() {
        Planted cpu = new Planted();
        cpu.leaves.put(List.of(7, 0), new Cpuid.Leaf(0, 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30, 1 << 11, 0));
        cpu.leaves.remove(List.of(7, 1));
        assertThat(cpu.missing(0))
                .containsOnlyKeys(Feature.AVX512_BF16, Feature.AMX_BF16, Feature.AMX_INT8, Feature.AVX_VNNI);
        cpu.leaves.put(List.of(7, 0), new Cpuid.Leaf(1, 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30, 0, 1 << 22 | 1 << 24));
        cpu.leaves.put(List.of(7, 1), new Cpuid.Leaf(1 << 4 | 1 << 5, 0, 0, 0));
        String reason = "this CPU has no AVX-512 instructions on bytes";
        assertThat(cpu.missing(0)).isEqualTo(Map.of(Feature.AVX512_VNNI, reason, Feature.AMX_INT8, reason));
        // Tiles of one kind only.
        cpu.leaves.put(
                List.of(7, 0), new Cpuid.Leaf(1, 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30, 1 << 11, 1 << 22 | 1 << 24));
        assertThat(cpu.missing(0)).isEqualTo(Map.of(Feature.AMX_INT8, "this CPU has no AMX"));
        cpu.leaves.put(
                List.of(7, 0), new Cpuid.Leaf(1, 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30, 1 << 11, 1 << 24 | 1 << 25));
        assertThat(cpu.missing(0)).isEqualTo(Map.of(Feature.AMX_BF16, "this CPU has no AMX"));
    }

    @Test
    void registersMustBeSavedByTheSystem() {
        Planted cpu = new Planted();
        cpu.state = 7;
        String reason = "the operating system does not save AVX-512 registers";
        assertThat(cpu.missing(0))
                .isEqualTo(Map.of(
                        Feature.AVX512, reason,
                        Feature.AVX512_BF16, reason,
                        Feature.AVX512_VNNI, reason,
                        Feature.AMX_BF16, reason,
                        Feature.AMX_INT8, reason));
        cpu.state = 0x200E7;
        String tiles = "the operating system does not save AMX tiles";
        assertThat(cpu.missing(0)).isEqualTo(Map.of(Feature.AMX_BF16, tiles, Feature.AMX_INT8, tiles));
    }

    @Test
    void thePermissionForTilesMustBeGranted() {
        String reason = "the system refuses this process AMX (arch_prctl: error 1)";
        assertThat(new Planted().missing(-EPERM)).isEqualTo(Map.of(Feature.AMX_BF16, reason, Feature.AMX_INT8, reason));
    }

    @Test
    void tilesMustHaveTheSizeThatKernelsAreFor() {
        Planted cpu = new Planted();
        cpu.leaves.put(List.of(0x1D, 1), new Cpuid.Leaf(512 << 16 | 4096, 8 << 16 | 32, 16, 0));
        String reason = "this CPU's AMX tiles are not 8 of 16 rows of 64 bytes";
        assertThat(cpu.missing(0)).isEqualTo(Map.of(Feature.AMX_BF16, reason, Feature.AMX_INT8, reason));
    }
}
