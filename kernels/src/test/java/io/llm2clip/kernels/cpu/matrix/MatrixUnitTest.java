package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.reference.Reference;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Products equal the reference, stay within their output, and have the same bits on any number of threads. */
class MatrixUnitTest {
    private static final List<Workers> WORKERS = List.of(new Workers(1), new Workers(2), new Workers(3));
    private static final Expression ADD = new Expression(2, List.of(Instruction.binary(Opcode.ADD, 0, 1)));
    private static final Expression SCALED_RESIDUAL = new Expression(
            4,
            List.of(
                    Instruction.binary(Opcode.ADD, 0, 1),
                    Instruction.binary(Opcode.MULTIPLY, 4, 3),
                    Instruction.binary(Opcode.ADD, 5, 2)));

    @Property(tries = 300)
    void anyProduct(@ForAll("products") KernelOp op, @ForAll long seed) {
        check((Matmul) op, seed);
    }

    @Provide
    Arbitrary<KernelOp> products() {
        return KernelOpArbitraries.matmul();
    }

    @Property(tries = 300)
    void sizesAroundTheEdgesOfTilesWithAddends(@ForAll("tileEdges") Matmul op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<Matmul> tileEdges() {
        Arbitrary<Integer> rows = around(Tile.ROWS);
        Arbitrary<Integer> columns = around(Tile.COLUMNS);
        Arbitrary<Integer> steps = Arbitraries.of(0, 1, 2, 15, 16, 17, 33, 100);
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        Arbitrary<List<Broadcast>> extras = Arbitraries.of(
                List.of(),
                List.of(Broadcast.ROW),
                List.of(Broadcast.FULL),
                List.of(Broadcast.SCALAR),
                List.of(Broadcast.ROW, Broadcast.FULL, Broadcast.SCALAR));
        return Combinators.combine(Arbitraries.of(1, 2), rows, columns, steps, flag, flag, extras)
                .as(MatrixUnitTest::product);
    }

    private static Arbitrary<Integer> around(int size) {
        return Arbitraries.of(1, 2, 3, size - 1, size, size + 1, 2 * size - 1, 2 * size, 3 * size + 1);
    }

    /** Large enough to be cut in all three dimensions. */
    @Test
    void productsOfManyBlocks() {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                check(product(1, 301, 203, 97, transposeA, transposeB, List.of(Broadcast.ROW)), 1);
                check(product(1, 65, 130, 1500, transposeA, transposeB, List.of(Broadcast.FULL)), 2);
                check(product(3, 130, 67, 131, transposeA, transposeB, List.of()), 3);
            }
        }
        check(product(1, 1500, 33, 128, false, true, List.of(Broadcast.ROW, Broadcast.FULL, Broadcast.SCALAR)), 4);
    }

    @Test
    void aUnitIsChosenByName() {
        assertThat(MatrixUnit.selected().name()).isEqualTo("vector");
        System.setProperty("llm2clip.matrix", "abacus");
        try {
            assertThatThrownBy(MatrixUnit::selected)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "No matrix unit 'abacus' on this machine; set llm2clip.matrix to one of [vector] or leave"
                                    + " it unset.");
        } finally {
            System.clearProperty("llm2clip.matrix");
        }
    }

    private static Matmul product(
            int batch, int m, int n, int k, boolean transposeA, boolean transposeB, List<Broadcast> extras) {
        Matmul dense = Matmul.dense(batch, m, n, k, transposeA, transposeB);
        Expression epilogue = switch (extras.size()) {
            case 0 -> Expression.IDENTITY;
            case 1 -> ADD;
            default -> SCALED_RESIDUAL;
        };
        return dense.withEpilogue(new Epilogue(epilogue, extras));
    }

    private static void check(Matmul op, long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers first = expected.copy()) {
            Reference.run(op, expected.segments());
            for (Workers workers : WORKERS) {
                try (OperandBuffers found = first.copy()) {
                    MatrixUnit.selected().matmul(op, found.addresses(), workers).run();
                    found.assertCloseTo(expected, 3e-5);
                    if (workers == WORKERS.getFirst()) {
                        MatrixUnit.selected()
                                .matmul(op, first.addresses(), workers)
                                .run();
                    }
                    found.assertSameBits(first);
                }
            }
        }
    }
}
