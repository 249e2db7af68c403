package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.operations.Expression;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * One execution of a kernel over a grid, complete but for the addresses of its operands.
 *
 * @param kernel what each work-item executes
 * @param grid the work-items
 * @param dimensions first part of the {@code PARAMS} block: whatever ints the kernel defines
 * @param scalars the {@code SCALARS} block, at most {@value #MAX_SCALARS}; may be empty
 * @param operands for each operand of the kernel, in order, what it is of the plan
 */
public record DeviceLaunch(
        DeviceKernel kernel, Grid grid, List<Integer> dimensions, List<Float> scalars, List<Binding> operands) {

    /**
     * What a kernel gets as an operand.
     *
     * @param operand number among {@link DevicePlan#operands()}, or the number of these for the scratch memory
     * @param start first element within it
     */
    public record Binding(int operand, int start) {
        /** All of an operand. */
        public static Binding of(int operand) {
            return new Binding(operand, 0);
        }

        /** Some operands, each as a whole. */
        public static List<Binding> all(int... operands) {
            return IntStream.of(operands).mapToObj(Binding::of).toList();
        }
    }

    /** The most scalars; more are an operand. */
    public static final int MAX_SCALARS = Expression.MAX_VALUES;

    public DeviceLaunch {
        dimensions = List.copyOf(dimensions);
        scalars = List.copyOf(scalars);
        operands = List.copyOf(operands);
        if (operands.size() != kernel.operands()) {
            throw new IllegalArgumentException("Kernel " + kernel.name() + " takes " + kernel.operands()
                    + " operands, found " + operands.size() + "; bind each of them.");
        }
        int most = kernel.roles().contains(Role.SCALARS) ? MAX_SCALARS : 0;
        if (scalars.size() > most) {
            throw new IllegalArgumentException("Kernel " + kernel.name() + " is launched with " + scalars.size()
                    + " scalars, expected at most " + most + "; "
                    + (most == 0 ? "give it the role SCALARS." : "pass them as an operand."));
        }
    }

    /** A launch whose kernel takes the operands of its plan as they are, and the scratch memory last if it takes one more. */
    public DeviceLaunch(DeviceKernel kernel, Grid grid, List<Integer> dimensions, List<Float> scalars) {
        this(
                kernel,
                grid,
                dimensions,
                scalars,
                Binding.all(IntStream.range(0, kernel.operands()).toArray()));
    }

    /** The same in a plan whose operands have other numbers. */
    DeviceLaunch renumbered(IntUnaryOperator numbers) {
        List<Binding> renumbered = operands.stream()
                .map(binding -> new Binding(numbers.applyAsInt(binding.operand), binding.start))
                .toList();
        return new DeviceLaunch(kernel, grid, dimensions, scalars, renumbered);
    }

    /**
     * The addresses of the kernel's operands.
     *
     * @param addresses those of {@link DevicePlan#operands()}, and then of the scratch memory if the plan has any
     */
    public List<DeviceAddress> bind(List<DeviceAddress> addresses) {
        return operands.stream()
                .map(binding -> addresses.get(binding.operand).plus(binding.start))
                .toList();
    }

    /**
     * The whole {@code PARAMS} block.
     *
     * @param bound as {@link #bind} returns them
     */
    public int[] params(List<DeviceAddress> bound) {
        return IntStream.concat(
                        dimensions.stream().mapToInt(Integer::intValue),
                        bound.stream().mapToInt(DeviceAddress::element))
                .toArray();
    }
}
