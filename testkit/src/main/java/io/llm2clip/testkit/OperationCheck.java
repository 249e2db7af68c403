package io.llm2clip.testkit;

import io.llm2clip.kernels.gpu.emulator.Emulator;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Declaration;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.GradientCheck;
import io.llm2clip.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/**
 * Checks that every implementation of an operation computes what its reference does, on operands drawn by a seed. Made for property tests,
 * which vary the operation's dimensions and the seed:
 *
 * <pre>{@code
 * @Property
 * void allImplementationsAgree(@ForAll @IntRange(min = 1, max = 50) int rows, @ForAll long seed) {
 *     OperationCheck.of(new MyOp(rows)).check(seed);
 * }
 * }</pre>
 *
 * <p>An implementation that fails throws an {@link AssertionError} that names the operation, the implementation, operand, element, what was found
 * and what was expected, and the seed with which the check fails again. Found are
 *
 * <ul>
 *   <li>results that differ from the reference's, that nothing writes, or that depend on what was there before;
 *   <li>results that differ from run to run, with the number of threads, or with the order in which a device executes work-items;
 *   <li>writes to inputs and out of bounds, reads out of bounds where memory is accessed through segments or on a device;
 *   <li>whatever the {@link Emulator} finds in device kernels, such as races and missing barriers, and {@link KernelLint} in their class
 *       files.
 * </ul>
 *
 * <p>Not found are races of CPU kernels that happen not to occur, and what a device's compiler makes of a kernel.
 *
 * <p>Elements of floats and of 16 bits are drawn from the multiples of 1/64 in -2 .. 2, truth values from 0 and 1, indices within their
 * bounds, other ints from all, half of them from -2 .. 2, blocks of quantized elements with any bits and values below 2.
 * {@link #withValues} is for operations that need others.
 */
public final class OperationCheck {
    private static final double TOLERANCE = 1e-5;

    private final KernelOp op;
    private final double tolerance;
    private final Map<String, ToDoubleFunction<RandomGenerator>> values;

    private OperationCheck(KernelOp op, double tolerance, Map<String, ToDoubleFunction<RandomGenerator>> values) {
        this.op = op;
        this.tolerance = tolerance;
        this.values = Map.copyOf(values);
    }

    /**
     * A check of an operation, by a tolerance of 1e-5.
     *
     * @throws IllegalArgumentException if its operands make no sense together, or some are packed, which only the unit of matrices that
     *     packed them can read
     */
    public static OperationCheck of(KernelOp op) {
        if (op instanceof CustomOp own) {
            Declaration.require(own);
        }
        for (Operand operand : op.operands()) {
            if (operand.packing() != null) {
                throw new IllegalArgumentException(op + ": operand '" + operand.name()
                        + "' is packed, expected elements in their own order; check the operation without packing.");
            }
        }
        return new OperationCheck(op, TOLERANCE, Map.of());
    }

    /**
     * The same check by another tolerance.
     *
     * @param most by how much a float may differ from an expected value v, divided by {@code 1 + |v|}. Results of bf16 and f16 may be neighboring
     *     ones in any case, ints are equal.
     */
    public OperationCheck withTolerance(double most) {
        if (!(most >= 0)) {
            throw new IllegalArgumentException("Tolerance " + most + ", expected 0 or more.");
        }
        return new OperationCheck(op, most, values);
    }

    /**
     * The same check with an operand that holds other values.
     *
     * @param operand name of one that is read or updated, of a dense type
     * @param draw draws an element, which is rounded to the operand's type
     */
    public OperationCheck withValues(String operand, ToDoubleFunction<RandomGenerator> draw) {
        List<String> names = op.operands().stream()
                .filter(drawn ->
                        drawn.access() != Operand.Access.WRITE && !drawn.dtype().isQuantized())
                .map(Operand::name)
                .toList();
        if (!names.contains(operand)) {
            throw new IllegalArgumentException(
                    op + " has no operand '" + operand + "' that values are drawn for, expected one of " + names + ".");
        }
        Map<String, ToDoubleFunction<RandomGenerator>> more = new HashMap<>(values);
        more.put(operand, draw);
        return new OperationCheck(op, tolerance, more);
    }

    /**
     * Checks the reference itself, the kernel for the CPU, and the kernels for devices if the operation has any.
     *
     * @param seed decides what operands hold and how work-items take turns
     * @throws AssertionError if an implementation is wrong
     */
    public void check(long seed) {
        try (SeededCheck check = new SeededCheck(op, tolerance, values, seed)) {
            check.cpu();
            if (check.runsOnDevices()) {
                check.device();
            }
        }
    }

    /**
     * As {@link #check}, of reference and CPU only.
     *
     * @throws AssertionError if one is wrong
     */
    public void checkCpu(long seed) {
        try (SeededCheck check = new SeededCheck(op, tolerance, values, seed)) {
            check.cpu();
        }
    }

    /**
     * As {@link #check}, of reference and kernels for devices only: their class files, and what they do on the emulator.
     *
     * @throws AssertionError if one is wrong, or there are no kernels for devices
     */
    public void checkDevice(long seed) {
        try (SeededCheck check = new SeededCheck(op, tolerance, values, seed)) {
            check.device();
        }
    }

    /**
     * Checks the gradient by {@link GradientCheck}, as programs on the CPU compute it and, if the operation has kernels for devices, on an emulated
     * device. Inputs are drawn as for {@link #check}; those of f32 have gradients, which should exist within 0.004 of what is drawn.
     *
     * <p>{@link GradientCheck} itself also checks functions made of operations, and gradients of second order.
     *
     * @param seed decides what inputs hold, and how much each element of a result counts
     * @param inputShapes of the operation's inputs, in its order
     * @param resultShapes of its results
     * @throws AssertionError if a gradient is wrong, naming the input, the element, and what was found and expected
     */
    public void checkGradient(long seed, List<Shape> inputShapes, List<Shape> resultShapes) {
        requireAsMany(op.inputs(), inputShapes);
        requireAsMany(op.results(), resultShapes);
        try (SeededCheck check = new SeededCheck(op, tolerance, values, seed)) {
            check.gradient(inputShapes, resultShapes);
        }
    }

    private void requireAsMany(List<Operand> operands, List<Shape> shapes) {
        if (operands.size() != shapes.size()) {
            throw new IllegalArgumentException(op + " has operands "
                    + operands.stream().map(Operand::name).toList() + ", found shapes " + shapes
                    + "; give a shape for each.");
        }
    }
}
