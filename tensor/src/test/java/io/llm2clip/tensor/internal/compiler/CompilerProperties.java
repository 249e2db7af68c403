package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.GradientProperties;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.tensor.internal.engine.CompiledProgram;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

/** Whatever the compiler merges, fuses, aliases or reuses, the program computes what the interpreter computes. */
class CompilerProperties {

    @Property(tries = 400)
    void compiledGraphsAgreeWithTheInterpreter(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Tensor> nodes = new ArrayList<>();
        Tensor fed = Tensor.input("fed", Shape.of(3, 4), DType.F32);
        TensorData feed = TensorData.of(Shape.of(3, 4), floats(random, 12));
        nodes.add(fed);
        nodes.add(Tensor.variable("v", TensorData.of(Shape.of(3, 4), floats(random, 12))));
        nodes.add(Tensor.variable("row", TensorData.of(Shape.of(4), floats(random, 4))));
        nodes.add(Tensor.scalar(0.5f));
        for (int i = 0; i < 25; i++) {
            nodes.add(grow(random, nodes));
        }
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            outputs.add(nodes.get(random.nextInt(nodes.size())));
        }
        List<TensorData> expected = Interpreter.evaluate(outputs, Map.of(fed, feed));
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            if (program.needs(fed)) {
                program.feed(fed, feed);
            }
            program.run();
            // A second run finds the memory as the first one left it.
            List<TensorData> found = program.run();
            for (int i = 0; i < outputs.size(); i++) {
                GradientProperties.assertClose(
                        "output " + i, found.get(i).toFloats(), expected.get(i).toFloats(), 1e-4f);
            }
        }
    }

    /** Two of the three gradients of a layer norm are written nevertheless, and make room for the next step. */
    @Example
    void resultsThatNothingReadsTakeNoMemoryBeyondTheirStep() {
        int columns = 1024;
        Tensor x = Tensor.variable("x", TensorData.allocate(Shape.of(1, columns), DType.F32));
        Tensor weight = Tensor.variable("weight", TensorData.allocate(Shape.of(columns), DType.F32));
        Tensor dy = Tensor.variable("dy", TensorData.allocate(Shape.of(1, columns), DType.F32));
        Tensor normalized = x.layerNorm(weight, weight, 1e-5f);
        Tensor dx = Gradients.of(normalized, dy, List.of(x)).getFirst();
        Tensor next = Tensor.concat(0, List.of(dx, dx)).sum();
        try (Program program = Program.compile(List.of(next), TestExecution.get())) {
            long largestStep = 3L * columns * Float.BYTES;
            assertThat(program.memory().total()).isBetween(largestStep, largestStep + 64);
        }
    }

    /** Wherever a part of nothing begins, it is within the memory of nothing. */
    @Example
    void partsOfNothingAreNothing() {
        Tensor x = Tensor.variable("x", TensorData.allocate(Shape.of(0, 5), DType.F32));
        Tensor part = x.slice(1, 3, 5);
        List<Tensor> outputs = List.of(part, part.mul(2), x.cumsum(-1), part.sum(0));
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            assertThat(program.run().stream().map(found -> found.toFloats().length))
                    .containsExactly(0, 0, 0, 2);
        }
    }

    /** The bits of negative and large ints are those of no number that a float keeps. */
    @Example
    void indicesArePermutedSlicedAndJoined() {
        Tensor index = Tensor.input("index", Shape.of(2, 3), DType.I32);
        TensorData feed = TensorData.ofInts(Shape.of(2, 3), 0, -1, 0x7F800001, Integer.MIN_VALUE, 5, 1 << 30);
        Tensor turned = index.transpose(0, 1);
        List<Tensor> outputs = List.of(turned, Tensor.concat(0, List.of(turned, turned.slice(0, 1, 2))));
        List<TensorData> expected = Interpreter.evaluate(outputs, Map.of(index, feed));
        assertThat(expected.getFirst().toInts()).containsExactly(0, Integer.MIN_VALUE, -1, 5, 0x7F800001, 1 << 30);
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            program.feed(index, feed);
            List<TensorData> found = program.run();
            for (int i = 0; i < outputs.size(); i++) {
                assertThat(found.get(i).toInts())
                        .containsExactly(expected.get(i).toInts());
            }
        }
    }

    @Provide
    Arbitrary<DType> denseTypes() {
        return Arbitraries.of(DType.class).filter(type -> !type.isQuantized());
    }

    /** Whatever is looked at, bits stay: a NaN's payload, too. */
    @Property(tries = 100)
    void viewsOfAnyTypeAreCopied(@ForAll("denseTypes") DType type, @ForAll long seed) {
        TensorData data = TensorData.allocate(Shape.of(4, 6), type);
        byte[] bits = new byte[24 * type.bytes()];
        new java.util.Random(seed).nextBytes(bits);
        MemorySegment.copy(MemorySegment.ofArray(bits), 0, data.segment(), 0, bits.length);
        Tensor x = Tensor.variable("x", data);
        List<Tensor> outputs = List.of(
                x.transpose(0, 1),
                x.slice(1, 1, 5),
                x.transpose(0, 1).slice(0, 2, 5).reshape(-1),
                x.slice(0, 3, 4).expand(Shape.of(5, 6)));
        List<TensorData> expected = Interpreter.evaluate(outputs, Map.of());
        try (Program program = Program.compile(outputs, Execution.cpu())) {
            List<TensorData> found = program.run();
            for (int i = 0; i < outputs.size(); i++) {
                assertThat(found.get(i).readOnly().mismatch(expected.get(i).readOnly()))
                        .as("first differing byte of output %d", i)
                        .isEqualTo(-1);
            }
        }
    }

    static Tensor grow(SplittableRandom random, List<Tensor> nodes) {
        Tensor a = nodes.get(random.nextInt(nodes.size()));
        Tensor b = nodes.get(random.nextInt(nodes.size()));
        int rank = a.shape().rank();
        return switch (random.nextInt(14)) {
            case 0 -> a.tanh();
            case 1 -> a.gelu().mul(0.7f);
            case 2 -> broadcasts(a, b) ? a.add(b).tanh() : a.negate();
            case 3 -> broadcasts(a, b) ? a.mul(b).tanh() : a.sigmoid();
            case 4 -> rank < 2 ? a.sin() : a.transpose(0, -1);
            case 5 -> a.reshape(a.shape().size());
            case 6 ->
                rank == 0 ? a.cos() : a.slice(0, a.shape().dim(0) / 2, a.shape().dim(0));
            case 7 -> rank == 0 || a.shape().size() > 200 ? a.sin() : Tensor.concat(0, List.of(a, a.negate()));
            case 8 -> rank == 0 ? a.erf() : a.sum(-1).tanh();
            case 9 -> rank == 0 || a.shape().size() == 0 ? a.erf() : a.softmax();
            case 10 ->
                rank == 2
                                && b.shape().rank() == 2
                                && a.shape().dim(1) == b.shape().dim(1)
                        ? a.matmulTransposed(b).tanh()
                        : a.square().tanh();
            case 11 -> rank == 2 ? a.matmul(a, true, false).add(a.sum(0)).tanh() : a.cos();
            case 12 ->
                a.shape().size() > 200
                        ? a.cos()
                        : a.reshape(a.shape().append(1)).expand(a.shape().append(2));
            default -> broadcasts(a, b) ? Tensor.where(a.greater(b), a, b) : a.maximum(Tensor.scalar(0));
        };
    }

    private static boolean broadcasts(Tensor a, Tensor b) {
        try {
            return Shape.broadcast("", a.shape(), b.shape()).size() <= 400;
        } catch (TensorException e) {
            return false;
        }
    }

    static float[] floats(SplittableRandom random, int size) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextDouble(-2, 2);
        }
        return values;
    }

    /** Both types of 16 bits in one program, which on a device lie in one arena, fed, computed and handed out. */
    @Property(tries = 30)
    void halvesAreRoundedOnTheWayInAndExactOnTheWayOut(@ForAll @Size(min = 1, max = 300) float[] values) {
        Shape shape = Shape.of(values.length);
        Tensor x = Tensor.variable("x", TensorData.of(shape, values));
        Tensor fed = Tensor.input("fed", shape, DType.F16);
        List<Tensor> outputs = List.of(
                x.cast(DType.F16).cast(DType.F32),
                x.cast(DType.BF16).cast(DType.F32),
                fed.cast(DType.F32),
                x.cast(DType.F16));
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            program.feed(fed, TensorData.allocate(shape, DType.F16));
            List<TensorData> found = program.run();
            float[] f16 = new float[values.length];
            float[] bf16 = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                f16[i] = Float.float16ToFloat(Float.floatToFloat16(values[i]));
                int bits = Float.floatToRawIntBits(values[i]);
                bf16[i] = Float.intBitsToFloat(bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF_0000);
            }
            assertThat(found.get(0).toFloats()).containsExactly(f16);
            assertThat(found.get(1).toFloats()).containsExactly(bf16);
            program.feed(fed, found.get(3));
            assertThat(program.run().get(2).toFloats()).containsExactly(f16);
        }
    }

    @Example
    void equalExpressionsAreComputedOnceAndUnusedOnesNotAtAll() {
        Tensor x = variable(64, 64);
        Tensor once = x.matmul(x).sum();
        Tensor again = x.matmul(x).sum();
        Tensor unused = x.softmax();
        assertThat(unused.shape()).isEqualTo(x.shape());
        try (Program program = Program.compile(List.of(once.add(again)), TestExecution.get())) {
            assertThat(plan(program).steps())
                    .extracting(s -> s.op().getClass().getSimpleName())
                    .containsExactly("Matmul", "Reduce", "Elementwise");
        }
    }

    @Example
    void biasActivationAndResidualBecomeTheEpilogueOfTheProduct() {
        Tensor x = variable(6, 4);
        Tensor w = variable(4, 4);
        Tensor bias = variable(4);
        try (Program program =
                Program.compile(List.of(x.matmulTransposed(w).add(bias).gelu().add(x)), TestExecution.get())) {
            assertThat(plan(program).steps()).hasSize(1);
            assertThat(((Matmul) plan(program).steps().getFirst().op())
                            .epilogue()
                            .extras())
                    .containsExactlyInAnyOrder(Broadcast.ROW, Broadcast.FULL);
        }
    }

    @Example
    void arithmeticWithoutEffectDisappears() {
        Tensor x = variable(3);
        try (Program program = Program.compile(List.of(x.mul(1).add(0).tanh().div(1)), TestExecution.get())) {
            assertThat(plan(program).steps()).hasSize(1);
        }
    }

    /** Two in turn, and the output. */
    @Example
    void aLongChainReusesMemory() {
        Tensor x = variable(64, 64);
        Tensor chain = x;
        for (int i = 0; i < 20; i++) {
            chain = chain.matmul(x);
        }
        try (Program program = Program.compile(List.of(chain), TestExecution.get())) {
            long matrix = 64 * 64 * Float.BYTES;
            assertThat(program.memory()).isEqualTo(new ProgramMemory(matrix, 2 * matrix));
        }
    }

    @Example
    void theSameGraphGivesTheSameBitsAgain() {
        Tensor x = variable(50, 30);
        Tensor loss = x.matmul(x, true, false).softmax().log().mean();
        Tensor gradient = Gradients.of(loss, List.of(x)).getFirst();
        assertThat(gradient.evaluate(TestExecution.get()).toFloats())
                .containsExactly(gradient.evaluate(TestExecution.get()).toFloats());
    }

    private static Tensor variable(int... dims) {
        Shape shape = Shape.of(dims);
        return Tensor.variable("x", TensorData.of(shape, floats(new SplittableRandom(dims.length), shape.size())));
    }

    private static Plan plan(Program program) {
        return ((CompiledProgram) program).plan();
    }
}
