package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.util.ArrayList;
import java.util.List;

/**
 * How a device executes an operation: launches in order, each seeing the results of those before it.
 *
 * @param operands the operation's operands; each is stored in an arena of its element type
 * @param launches none when the operation has nothing to write
 * @param scratch f32 elements of scratch memory that the launches share; not initialized, not used afterwards
 */
public record DevicePlan(List<Operand> operands, List<DeviceLaunch> launches, int scratch) {
    public DevicePlan {
        operands = List.copyOf(operands);
        launches = List.copyOf(launches);
        if (scratch < 0) {
            throw new IllegalArgumentException(
                    "Scratch memory of " + scratch + " elements, expected 0 or more; look for an overflow.");
        }
        for (Operand operand : operands) {
            Arenas.index("Elements of operand '" + operand.name() + "'", operand.elements());
        }
        for (DeviceLaunch launch : launches) {
            requireBound(launch, operands, scratch);
        }
    }

    /**
     * A plan of one launch, of a work-item per element; of none without elements. The kernel guards its index, as devices may round up
     * the number of work-items. Its parameters are the context, a buffer per operand of the operation, params, and scalars if there are any.
     *
     * @param op whose operands the kernel takes, in their order
     * @param owner declares the kernel
     * @param kernel its name
     * @param elements how many; the first of the params
     * @param dimensions the params that follow, before the operands' offsets
     * @param scalars float constants; may be empty
     */
    public static DevicePlan perElement(
            KernelOp op, Class<?> owner, String kernel, long elements, List<Integer> dimensions, List<Float> scalars) {
        List<Operand> operands = op.operands();
        if (elements == 0) {
            return new DevicePlan(operands, List.of(), 0);
        }
        Grid grid = Grid.elements(elements);
        List<Integer> all = new ArrayList<>(List.of(grid.x()));
        all.addAll(dimensions);
        return new DevicePlan(
                operands, List.of(new DeviceLaunch(kernel(operands, owner, kernel, scalars), grid, all, scalars)), 0);
    }

    /**
     * A plan of one launch, of a work-group per row, which may use barriers and local memory; of none without rows. Parameters are those of
     * {@link #perElement}, the row is {@code groupIdx}.
     *
     * @param op whose operands the kernel takes, in their order
     * @param owner declares the kernel
     * @param kernel its name
     * @param rows how many; not among the params
     * @param group work-items of a work-group, a constant of the kernel
     * @param dimensions the params before the operands' offsets
     * @param scalars float constants; may be empty
     */
    public static DevicePlan perRow(
            KernelOp op,
            Class<?> owner,
            String kernel,
            long rows,
            int group,
            List<Integer> dimensions,
            List<Float> scalars) {
        List<Operand> operands = op.operands();
        if (rows == 0) {
            return new DevicePlan(operands, List.of(), 0);
        }
        DeviceKernel rowKernel = kernel(operands, owner, kernel, scalars);
        return new DevicePlan(
                operands, List.of(new DeviceLaunch(rowKernel, Grid.rows(rows, group), dimensions, scalars)), 0);
    }

    private static DeviceKernel kernel(List<Operand> operands, Class<?> owner, String name, List<Float> scalars) {
        List<Role> roles = new ArrayList<>();
        operands.forEach(operand -> roles.add(Role.of(operand.dtype())));
        roles.add(Role.PARAMS);
        if (!scalars.isEmpty()) {
            roles.add(Role.SCALARS);
        }
        return new DeviceKernel(owner, name, roles);
    }

    private static void requireBound(DeviceLaunch launch, List<Operand> operands, int scratch) {
        List<Role> roles =
                launch.kernel().roles().stream().filter(Role::isOperand).toList();
        for (int i = 0; i < roles.size(); i++) {
            int number = launch.operands().get(i).operand();
            int start = launch.operands().get(i).start();
            String what = "Kernel " + launch.kernel().name() + ": its operand " + i + " is bound to ";
            boolean isScratch = number == operands.size() && scratch > 0;
            if (!isScratch && (number < 0 || number >= operands.size())) {
                throw new IllegalArgumentException(what + number + " of a plan of " + operands.size()
                        + " operands, expected one of these, or their number for the scratch memory"
                        + (scratch == 0 ? ", of which there is none." : "."));
            }
            DType dtype = isScratch ? DType.F32 : operands.get(number).dtype();
            long elements = isScratch ? scratch : operands.get(number).elements();
            if (Role.of(dtype) != roles.get(i)) {
                throw new IllegalArgumentException(what
                        + (isScratch ? "scratch memory" : operands.get(number).name())
                        + " of " + dtype + " elements in the role " + roles.get(i) + ", expected " + Role.of(dtype)
                        + "; correct the binding, or the roles of the kernel.");
            }
            if (start < 0 || start > elements) {
                throw new IllegalArgumentException(
                        what + "what begins at element " + start + " of " + elements + ", expected one of these.");
            }
        }
    }
}
