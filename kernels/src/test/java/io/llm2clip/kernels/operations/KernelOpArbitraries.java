package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** Random kernel operations of every kind with small shapes: empty, one, odd, around and beyond a vector or a block. */
public final class KernelOpArbitraries {
    private static final float EPSILON = 1e-3f;

    private static final List<DType> DENSE =
            Arrays.stream(DType.values()).filter(type -> !type.isQuantized()).toList();

    private KernelOpArbitraries() {}

    /** Every kind of operation. */
    public static Arbitrary<KernelOp> all() {
        return Arbitraries.oneOf(List.of(
                elementwise(),
                typedElementwise(),
                copy(),
                reduce(),
                matmul(),
                softmax(),
                norm(),
                attention(),
                rotary(),
                index(),
                crossEntropy(),
                concat(),
                squareSums(),
                convert(),
                randomUniform(),
                adamW()));
    }

    /**
     * Every kind of operation, of the types that devices take: matrices in any format; others than f32 they only move, or convert where
     * they are contiguous.
     */
    public static Arbitrary<KernelOp> forDevices() {
        return all().filter(op -> switch (op) {
            case Elementwise e -> e.isOfFloats() || e.isCopy() || isContiguousConversion(e);
            case Concat _, Matmul _, IndexOp.Gather _ -> true;
            default ->
                op.operands().stream()
                        .allMatch(operand -> operand.dtype() == DType.F32 || operand.dtype() == DType.I32);
        });
    }

    private static boolean isContiguousConversion(Elementwise op) {
        DType input = op.isIdentity() ? op.sources().getFirst().dtype().stored() : op.output();
        return op.isIdentity()
                && op.isDense(0)
                && (input == DType.F32 || op.output().stored() == DType.F32);
    }

    public static Arbitrary<KernelOp> elementwise() {
        return Arbitraries.integers()
                .between(0, 3)
                .flatMap(inputs -> Combinators.combine(
                                ExpressionArbitraries.expressions(inputs), shape(), Arbitraries.longs())
                        .as((expression, shape, seed) -> {
                            Random random = new Random(seed);
                            List<List<Integer>> strides = new ArrayList<>();
                            for (int i = 0; i < inputs; i++) {
                                strides.add(strides(shape, random));
                            }
                            return new Elementwise(expression, shape, strides);
                        }));
    }

    /** Expressions of any types, and conversions between any two of any layout, which only the CPU computes. */
    public static Arbitrary<KernelOp> typedElementwise() {
        Arbitrary<DType> output = denseTypes();
        return Combinators.combine(Arbitraries.integers().between(0, 3), output)
                .flatAs((inputs, type) -> Combinators.combine(
                                type == DType.I32
                                        ? Arbitraries.just(exact(inputs))
                                        : ExpressionArbitraries.expressions(inputs),
                                shape(),
                                Arbitraries.longs())
                        .as((expression, shape, seed) -> {
                            Random random = new Random(seed);
                            List<Elementwise.Source> sources = new ArrayList<>();
                            for (int i = 0; i < inputs; i++) {
                                DType dtype = DENSE.get(random.nextInt(DENSE.size()));
                                sources.add(new Elementwise.Source(dtype, strides(shape, random)));
                            }
                            return new Elementwise(expression, shape, sources, type);
                        }));
    }

    /** Of results that need no rounding: of others, equal ones may be stored as neighboring ints. */
    private static Expression exact(int inputs) {
        if (inputs == 0) {
            return new Expression(0, List.of(Expression.Instruction.constant(-2.75f)));
        }
        if (inputs == 1) {
            return Expression.IDENTITY;
        }
        return new Expression(inputs, List.of(Expression.Instruction.binary(Opcode.MULTIPLY, 0, inputs - 1)));
    }

    /** Strided copies, as permuting and slicing need them. */
    public static Arbitrary<KernelOp> copy() {
        return Combinators.combine(denseTypes(), shape(), Arbitraries.longs())
                .as((dtype, shape, seed) -> Elementwise.copy(dtype, shape, strides(shape, new Random(seed))));
    }

    /** The types whose elements have bytes of their own. */
    public static Arbitrary<DType> denseTypes() {
        return Arbitraries.of(DENSE);
    }

    private static Arbitrary<DType> numbers() {
        return Arbitraries.frequency(Tuple.of(2, DType.F32), Tuple.of(1, DType.BF16), Tuple.of(1, DType.F16));
    }

    /** Of rows and columns, some of them so long that a device splits them. */
    public static Arbitrary<KernelOp> reduce() {
        Arbitrary<Reduction> reduction = Arbitraries.of(Reduction.class);
        Arbitrary<Integer> few = Arbitraries.integers().between(1, 3);
        return Arbitraries.frequencyOf(
                Tuple.of(
                        4,
                        Combinators.combine(
                                        reduction,
                                        dimension(),
                                        length(),
                                        Arbitraries.oneOf(Arbitraries.just(1), length()))
                                .as(Reduce::new)),
                Tuple.of(
                        1,
                        Combinators.combine(
                                        reduction, few, Arbitraries.integers().between(2000, 9000), few)
                                .as(Reduce::new)));
    }

    /** Of all formats of B, with padded rows, shared operands and all kinds of epilogue. */
    public static Arbitrary<KernelOp> matmul() {
        Arbitrary<DType> format = Arbitraries.frequencyOf(
                Tuple.of(2, Arbitraries.just(DType.F32)),
                Tuple.of(3, Arbitraries.of(DType.BF16, DType.F16, DType.Q8, DType.Q4, DType.Q4_1)));
        return matmul(format);
    }

    /** As {@link #matmul()}, of f32 alone, which libraries multiply. */
    public static Arbitrary<KernelOp> floatMatmul() {
        return matmul(Arbitraries.just(DType.F32));
    }

    private static Arbitrary<KernelOp> matmul(Arbitrary<DType> format) {
        Arbitrary<List<Broadcast>> extras =
                Arbitraries.of(Broadcast.class).list().ofMaxSize(2);
        return Combinators.combine(
                        Arbitraries.integers().between(0, 3),
                        dimension(),
                        dimension(),
                        dimension(),
                        format,
                        extras,
                        Arbitraries.longs())
                .flatAs((batch, m, n, k, formatB, broadcasts, seed) -> ExpressionArbitraries.expressions(
                                1 + broadcasts.size())
                        .map(epilogue -> matmul(batch, m, n, k, formatB, broadcasts, epilogue, new Random(seed))));
    }

    private static KernelOp matmul(
            int batch,
            int m,
            int columns,
            int depth,
            DType format,
            List<Broadcast> extras,
            Expression epilogue,
            Random random) {
        boolean transposeA = random.nextBoolean();
        boolean transposeB = random.nextBoolean();
        int block = format.blockSize();
        int n = transposeB ? columns : Math.ceilDiv(columns, block) * block;
        int k = transposeB ? Math.ceilDiv(depth, block) * block : depth;
        MatrixOperand a = operand(DType.F32, transposeA, m, k, random);
        MatrixOperand b = operand(format, transposeB, k, n, random);
        // A comparison or the logarithm of a rounded sum is not well conditioned, so the sum is only passed through.
        Expression wellConditioned =
                extras.isEmpty() && random.nextBoolean() ? Expression.IDENTITY : linear(extras.size());
        Expression chosen = random.nextInt(4) == 0 && k <= 1 ? epilogue : wellConditioned;
        return new Matmul(batch, m, n, k, a, b, new Epilogue(chosen, extras));
    }

    /** With padding of whole blocks between rows and between matrices, or a shared matrix. */
    private static MatrixOperand operand(DType format, boolean transposed, int rows, int columns, Random random) {
        int block = format.blockSize();
        int leading = (transposed ? rows : columns) + block * random.nextInt(3);
        long matrix = (long) (transposed ? columns : rows) * leading + block * random.nextInt(2);
        return new MatrixOperand(format, transposed, leading, random.nextInt(3) == 0 ? 0 : matrix, null);
    }

    private static Expression linear(int extras) {
        List<Expression.Instruction> instructions = new ArrayList<>();
        instructions.add(Expression.Instruction.unary(Opcode.TANH, 0));
        for (int e = 1; e <= extras; e++) {
            instructions.add(Expression.Instruction.binary(e == 1 ? Opcode.ADD : Opcode.MULTIPLY, extras + e, e));
        }
        return new Expression(1 + extras, instructions);
    }

    public static Arbitrary<KernelOp> softmax() {
        return Arbitraries.oneOf(
                Combinators.combine(dimension(), length(), numbers()).as(SoftmaxOp.Softmax::new),
                Combinators.combine(dimension(), length()).as(SoftmaxOp.SoftmaxGradient::new));
    }

    /** Layer and root-mean-square normalization and their gradients, some of so many rows that a device splits sums over them. */
    public static Arbitrary<KernelOp> norm() {
        Arbitrary<Integer> many = Arbitraries.frequencyOf(
                Tuple.of(6, dimension()), Tuple.of(1, Arbitraries.integers().between(60, 200)));
        return Combinators.combine(Arbitraries.integers().between(0, 5), many, length(), numbers())
                .as((kind, rows, columns, output) -> switch (kind) {
                    case 0 -> new NormOp.LayerNorm(rows, columns, EPSILON, output);
                    case 1 -> new NormOp.LayerNormGradient(rows, columns, EPSILON);
                    case 2 -> new NormOp.RmsNorm(rows, columns, EPSILON, output);
                    case 3 -> new NormOp.LayerNormGradient(rows, columns, EPSILON, false);
                    case 4 -> new NormOp.RmsNormGradient(rows, columns, EPSILON, false);
                    default -> new NormOp.RmsNormGradient(rows, columns, EPSILON);
                });
    }

    public static Arbitrary<KernelOp> attention() {
        return Arbitraries.oneOf(paddedAttention(), raggedAttention());
    }

    /** Of few and many sequences, empty ones among them. */
    public static Arbitrary<KernelOp> raggedAttention() {
        Arbitrary<Integer> heads = Arbitraries.integers().between(1, 2);
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        return Combinators.combine(
                        Arbitraries.integers().between(0, 6),
                        Arbitraries.frequencyOf(
                                Tuple.of(4, dimension()),
                                Tuple.of(1, Arbitraries.integers().between(70, 130))),
                        heads,
                        heads,
                        Arbitraries.of(1, 4, 7, 16, 33),
                        flag,
                        flag)
                .as((sequences, tokens, groups, keyValueHeads, size, causal, gradient) -> {
                    AttentionShape shape = AttentionShape.ragged(
                            sequences, tokens, groups * keyValueHeads, keyValueHeads, size, 0.3f, causal);
                    return gradient ? new AttentionOp.AttentionGradient(shape) : new AttentionOp.Attention(shape);
                });
    }

    public static Arbitrary<KernelOp> paddedAttention() {
        Arbitrary<Integer> heads = Arbitraries.integers().between(1, 2);
        Arbitrary<Integer> headSize = Arbitraries.of(1, 4, 7, 16, 33);
        return Combinators.combine(
                        Arbitraries.integers().between(0, 3),
                        dimension(),
                        dimension(),
                        heads,
                        heads,
                        headSize,
                        Arbitraries.of(true, false),
                        Arbitraries.of(true, false))
                .as((batch, queries, keys, groups, keyValueHeads, size, causal, gradient) -> {
                    AttentionShape shape = new AttentionShape(
                            batch,
                            queries,
                            causal ? queries : keys,
                            groups * keyValueHeads,
                            keyValueHeads,
                            size,
                            0.3f,
                            causal);
                    return gradient ? new AttentionOp.AttentionGradient(shape) : new AttentionOp.Attention(shape);
                });
    }

    public static Arbitrary<KernelOp> rotary() {
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        return Combinators.combine(
                        Arbitraries.integers().between(0, 3),
                        dimension(),
                        Arbitraries.integers().between(0, 3),
                        dimension(),
                        flag,
                        flag)
                .as((batch, positions, heads, pairs, interleaved, inverse) ->
                        new Rotary(batch, positions, heads, 2 * pairs, interleaved, inverse));
    }

    /** Gather and scatter. */
    public static Arbitrary<KernelOp> index() {
        Arbitrary<Integer> rows = Arbitraries.integers().between(1, 20);
        Arbitrary<DType> types = Arbitraries.of(DType.F32, DType.BF16, DType.F16, DType.Q8, DType.Q4, DType.Q4_1);
        return Combinators.combine(Arbitraries.of(true, false), length(), rows, dimension(), types)
                .as((gather, count, table, columns, type) -> gather
                        ? new IndexOp.Gather(
                                count, table, Math.ceilDiv(columns, type.blockSize()) * type.blockSize(), type)
                        : new IndexOp.ScatterAdd(count, table, columns));
    }

    public static Arbitrary<KernelOp> crossEntropy() {
        return Arbitraries.oneOf(
                Combinators.combine(dimension(), length()).as(CrossEntropyOp.CrossEntropy::new),
                Combinators.combine(dimension(), length()).as(CrossEntropyOp.CrossEntropyGradient::new));
    }

    public static Arbitrary<KernelOp> concat() {
        return Combinators.combine(
                        denseTypes(),
                        dimension(),
                        dimension().list().ofMinSize(1).ofMaxSize(4))
                .as(Concat::new);
    }

    /** Few inputs, one of them sometimes of several blocks. */
    public static Arbitrary<KernelOp> squareSums() {
        Arbitrary<Integer> elements = Arbitraries.frequencyOf(
                Tuple.of(4, length()),
                Tuple.of(1, Arbitraries.integers().between(SquareSums.BLOCK - 1, 2 * SquareSums.BLOCK + 1)));
        return elements.list().ofMaxSize(3).map(SquareSums::new);
    }

    public static Arbitrary<KernelOp> convert() {
        return Combinators.combine(
                        length(), Arbitraries.of(DType.BF16, DType.F16, DType.I32), Arbitraries.of(true, false))
                .as((elements, type, widen) ->
                        Elementwise.convert(elements, widen ? type : DType.F32, widen ? DType.F32 : type));
    }

    public static Arbitrary<KernelOp> randomUniform() {
        return Combinators.combine(length(), Arbitraries.integers(), Arbitraries.integers())
                .as(RandomUniform::new);
    }

    public static Arbitrary<KernelOp> adamW() {
        Arbitrary<AdamWUpdate.Hyper> hyper = Arbitraries.of(
                new AdamWUpdate.Hyper(1, 0.9f, 0.999f, 1e-3f, 0),
                new AdamWUpdate.Hyper(0.5f, 0.9f, 0.99f, 1e-2f, 0.1f),
                new AdamWUpdate.Hyper(0, 0, 0.5f, 1e-2f, 1));
        return Combinators.combine(length(), hyper).as((elements, chosen) -> new AdamWUpdate(elements, chosen));
    }

    private static Arbitrary<Integer> dimension() {
        return Arbitraries.frequencyOf(
                Tuple.of(1, Arbitraries.just(0)),
                Tuple.of(8, Arbitraries.integers().between(1, 9)),
                Tuple.of(3, Arbitraries.integers().between(10, 70)));
    }

    private static Arbitrary<Integer> length() {
        return Arbitraries.frequencyOf(
                Tuple.of(4, dimension()), Tuple.of(1, Arbitraries.integers().between(250, 1100)));
    }

    private static Arbitrary<List<Integer>> shape() {
        Arbitrary<Integer> small = Arbitraries.frequencyOf(
                Tuple.of(1, Arbitraries.just(0)),
                Tuple.of(19, Arbitraries.integers().between(1, 6)));
        Arbitrary<Integer> large = length();
        return Arbitraries.oneOf(
                small.list().ofMaxSize(4),
                Combinators.combine(
                                small.list().ofMaxSize(2), large, small.list().ofMaxSize(1))
                        .as((before, extent, after) -> {
                            List<Integer> shape = new ArrayList<>(before);
                            shape.add(extent);
                            shape.addAll(after);
                            return shape;
                        }),
                Combinators.combine(large, Arbitraries.integers().between(10, 70))
                        .as(List::of));
    }

    /** Contiguous, permuted, padded and broadcast layouts, mixed. */
    private static List<Integer> strides(List<Integer> shape, Random random) {
        List<Integer> order = new ArrayList<>();
        for (int d = shape.size() - 1; d >= 0; d--) {
            order.add(d);
        }
        if (random.nextInt(3) == 0) {
            Collections.shuffle(order, random);
        }
        boolean broadcasts = random.nextInt(3) == 0;
        boolean padded = random.nextInt(3) == 0;
        Integer[] strides = new Integer[shape.size()];
        int run = padded ? 1 + random.nextInt(2) : 1;
        for (int d : order) {
            boolean broadcast = broadcasts && random.nextBoolean();
            strides[d] = broadcast ? 0 : run;
            run *= broadcast ? 1 : Math.max(1, shape.get(d));
            run += padded ? random.nextInt(2) : 0;
        }
        return List.of(strides);
    }
}
