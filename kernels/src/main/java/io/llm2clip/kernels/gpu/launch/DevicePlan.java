package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.operations.Operand;
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
        for (Operand operand : operands) {
            Arenas.index("Elements of operand '" + operand.name() + "'", operand.elements());
        }
    }
}
