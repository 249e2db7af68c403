package io.llm2clip.kernels.gpu.cublas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Calls of the library mean what the reference computes, according to a library that does what the documentation says. */
class CublasMatmulTest {

    @Property(tries = 500)
    void agreesWithReference(@ForAll("products") Matmul op, @ForAll long seed) {
        try (PretendCublas pretend = new PretendCublas();
                OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            try (CublasLt library = new CublasLt(pretend.symbols(), pretend.symbols())) {
                library.open(7);
                long[] alignments = new long[op.operands().size()];
                Arrays.fill(alignments, 4);
                try (CublasMatmul matmul = new CublasMatmul(library, Product.of(op), MatmulPrecision.F32, alignments)) {
                    matmul.run(found.addresses(), 42);
                }
            }
            found.assertCloseTo(expected, 1e-4);
            assertThat(pretend.objects).as("objects that were not destroyed").isEmpty();
            assertThat(pretend.streams).containsExactly(42L);
        }
    }

    /** Whichever allocation fails, what was created before it is destroyed, and the next try finds nothing half made. */
    @Test
    void nothingIsLeftOfWhatCannotBeCreated() {
        Product product = Product.of(Matmul.dense(2, 3, 4, 5, false, false));
        for (int room = 0; room < 7; room++) {
            try (PretendCublas pretend = new PretendCublas()) {
                CublasLt library = new CublasLt(pretend.symbols(), pretend.symbols());
                pretend.room = room;
                assertThatThrownBy(() -> open(library, product))
                        .isInstanceOf(CublasException.class)
                        .hasMessageContaining("with status 3");
                pretend.room = Integer.MAX_VALUE;
                open(library, product).close();
                library.close();
                library.close();
                assertThat(pretend.objects).as("after %d objects", room).isEmpty();
            }
        }
    }

    private static CublasMatmul open(CublasLt library, Product product) {
        library.open(7);
        return new CublasMatmul(library, product, MatmulPrecision.F32, new long[] {4, 4, 4});
    }

    /** Random factors have few enough bits to be the same in bf16. */
    @Property(tries = 200)
    void factorsOfSixteenBits(@ForAll("products") Matmul op, @ForAll long seed) {
        try (PretendCublas pretend = new PretendCublas();
                Arena arena = Arena.ofConfined();
                OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy();
                CublasLt library = new CublasLt(pretend.symbols(), pretend.symbols())) {
            Reference.run(op, expected.segments());
            long[] addresses = found.addresses();
            for (int i = 0; i < 2; i++) {
                addresses[i] = rounded(found.segments()[i], arena).address();
            }
            library.open(7);
            long[] alignments = new long[addresses.length];
            Arrays.fill(alignments, 2);
            try (CublasMatmul matmul = new CublasMatmul(library, Product.of(op), MatmulPrecision.BF16, alignments)) {
                matmul.run(addresses, 1);
            }
            found.assertCloseTo(expected, 1e-4);
        }
    }

    private static MemorySegment rounded(MemorySegment floats, Arena arena) {
        MemorySegment halves = arena.allocate(floats.byteSize() / 2 + 2, 2);
        for (long i = 0; i < floats.byteSize() / 4; i++) {
            float value = floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
            halves.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >> 16));
        }
        return halves;
    }

    @Provide
    Arbitrary<Matmul> products() {
        return allProducts()
                .filter(op -> op.epilogue().isIdentity() || op.epilogue().addsExtra())
                .filter(op -> !Product.of(op).isEmpty());
    }

    /** As it is done with epilogues that the library does not have: the output is the epilogue's first input, too. */
    @Property(tries = 300)
    void aProductFinishedInPlaceIsTheWhole(@ForAll("allProducts") Matmul op, @ForAll long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            MemorySegment[] operands = found.segments();
            MemorySegment out = operands[operands.length - 1];
            Reference.run(op.withEpilogue(Epilogue.NONE), new MemorySegment[] {operands[0], operands[1], out});
            List<MemorySegment> finish = new ArrayList<>(Arrays.asList(operands).subList(2, operands.length));
            finish.addFirst(out);
            Reference.run(op.finish(), finish.toArray(MemorySegment[]::new));
            found.assertCloseTo(expected, 1e-4);
        }
    }

    @Provide
    Arbitrary<Matmul> allProducts() {
        return KernelOpArbitraries.floatMatmul().map(op -> (Matmul) op);
    }

    @Test
    void precisionAndAlignmentsAreTold() {
        try (PretendCublas pretend = new PretendCublas();
                CublasLt library = new CublasLt(pretend.symbols(), pretend.symbols())) {
            library.open(7);
            Matmul op = Matmul.dense(1, 3, 4, 5, false, true);
            new CublasMatmul(library, Product.of(op), MatmulPrecision.TF32, new long[] {16, 32, 64}).close();
            assertThat(pretend.calls)
                    .containsExactly(
                            "compute type 77",
                            "preference 1 33554432",
                            "preference 5 32",
                            "preference 6 16",
                            "preference 7 64",
                            "preference 8 64");
        }
    }

    @Test
    void failuresNameFunctionAndRemedy() {
        try (PretendCublas pretend = new PretendCublas();
                CublasLt library = new CublasLt(pretend.symbols(), pretend.symbols())) {
            assertThat(library.version()).isEqualTo("13.1.4");
            assertThatThrownBy(() -> library.open(0))
                    .isInstanceOf(CublasException.class)
                    .hasMessage(
                            "cuBLASLt failed in cublasLtCreate with status 7; update the driver, or take the library"
                                    + " out of the loader's path to do without it.");
            library.open(7);
            pretend.hasAlgorithms = false;
            Matmul op = Matmul.dense(1, 3, 4, 5, false, true);
            assertThatThrownBy(
                            () -> new CublasMatmul(library, Product.of(op), MatmulPrecision.F32, new long[] {4, 4, 4}))
                    .hasMessageStartingWith("cuBLASLt has no algorithm for Product[batch=1, m=3")
                    .hasMessageEndingWith("switch it off with -Dllm2clip.cublaslt=none.");
            pretend.remove("cublasLtMatmul");
            assertThatThrownBy(() -> new CublasLt(pretend.symbols(), pretend.symbols()))
                    .hasMessageStartingWith("cuBLASLt has no function cublasLtMatmul; install");
        }
    }
}
