package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.machine.expression.ExpressionAssembly;
import io.llm2clip.kernels.cpu.machine.expression.ExpressionProgram;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Opcode;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Expressions as machine code, whose values stay in registers, and which is as fast in its first call as later. The JVM takes seconds until it
 * has compiled loops of the Vector API, and these are hundreds of times slower before.
 */
final class MachineExpressions {
    /** Programs stay as long as the process, so expressions made without end must not have one each. */
    private static final int MOST_SHAPES = 10_000;

    private static final Map<ExpressionShape, Program> INSTALLED = new ConcurrentHashMap<>();

    private MachineExpressions() {}

    /** @param width of the vectors, which calls have to know */
    record Program(VectorWidth width, MachineFunction function) {}

    /** The program of a shape; null if there is none, or none may run in this process. */
    static @Nullable Program of(ExpressionShape shape) {
        if (!(MachineCode.ofThisProcess() instanceof MachineCode.Allowed(var features, CodeSpace space))) {
            return null;
        }
        VectorWidth width = VectorWidth.widest(features);
        if (width == null || !ExpressionAssembly.encodes(shape.expression(), width, 1) || computesOnce(shape)) {
            return null;
        }
        Program known = INSTALLED.get(shape);
        if (known != null || INSTALLED.size() >= MOST_SHAPES) {
            return known;
        }
        return INSTALLED.computeIfAbsent(shape, key -> {
            Expression expression = key.expression();
            ExpressionProgram program =
                    new ExpressionProgram(width, expression, key.uniform().subList(0, key.inputs()));
            String name = "an expression of " + expression.instructions().size() + " instructions, " + width;
            return new Program(width, space.install(name, program.encode()));
        });
    }

    /** Whether there is something to compute once for all elements, which programs do for each vector. */
    private static boolean computesOnce(ExpressionShape shape) {
        for (int value = shape.inputs(); value < shape.values(); value++) {
            if (shape.isUniform(value) && shape.instruction(value).opcode() != Opcode.CONSTANT) {
                return true;
            }
        }
        return false;
    }
}
