package io.llm2clip.tensor;

import io.llm2clip.kernels.operations.KernelOp;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A write of a variable by a program that is compiled with it, see {@link Program#compile(List, List, Execution)}.
 *
 * <p>Whatever a program computes, it computes from variables as they are before a run; all updates seem to happen together, after
 * everything else. So {@code assign(a, b)} and {@code assign(b, a)} in one program exchange the two. Where the compiler can, it
 * computes a new value where the old one lies: an elementwise function of the variable takes no memory but the variable's.
 */
public sealed interface Update {

    /**
     * A variable becomes a value.
     *
     * @param variable of a dense type, with data that may change
     * @param value of the same shape and type
     */
    record Assign(Tensor variable, Tensor value) implements Update {
        public Assign {
            requireVariable(variable);
            if (!value.shape().equals(variable.shape()) || value.dtype() != variable.dtype()) {
                throw new TensorException("Update of variable " + variable.label()
                        + ": expected a value of the same shape and type, found " + value.label()
                        + "; reshape, expand or cast it.");
            }
            OperandTypes.requireDense("Update of variable " + variable.label(), variable);
        }

        @Override
        public List<Tensor> values() {
            return List.of(value);
        }

        @Override
        public List<Tensor> variables() {
            return List.of(variable);
        }
    }

    /**
     * A kernel changes variables in place.
     *
     * @param op has no results, but operands that it updates
     * @param values what it reads, dense operands in the kernel's order
     * @param variables what it updates, with data that may change, in the kernel's order
     */
    record Kernel(KernelOp op, List<Tensor> values, List<Tensor> variables) implements Update {
        public Kernel {
            values = List.copyOf(values);
            variables = List.copyOf(variables);
            OperandTypes.checkUpdate(op, values, variables);
            variables.forEach(Update::requireVariable);
        }
    }

    /** A variable becomes a value of its shape and type. */
    static Update assign(Tensor variable, Tensor value) {
        return new Assign(variable, value);
    }

    /** A value, of the variable's shape or one that broadcasts to it, is added to an f32 variable. */
    static Update accumulate(Tensor variable, Tensor value) {
        return assign(variable, variable.add(value));
    }

    /** Elements of an f32 variable below {@code least} become that, those above {@code most} become that. */
    static Update clamp(Tensor variable, float least, float most) {
        if (!(least <= most)) {
            throw new TensorException("Update of variable " + variable.label() + ": clamped from " + least + " to "
                    + most + "; expected the least first.");
        }
        return assign(variable, variable.maximum(Tensor.scalar(least)).minimum(Tensor.scalar(most)));
    }

    /** Exponential moving average: an f32 variable becomes {@code decay * variable + (1 - decay) * value}. */
    static Update ema(Tensor variable, Tensor value, float decay) {
        if (!(decay >= 0 && decay <= 1)) {
            throw new TensorException(
                    "Update of variable " + variable.label() + ": decay " + decay + "; expected one from 0 to 1.");
        }
        return assign(variable, variable.mul(decay).add(value.mul(1 - decay)));
    }

    /** What is read, besides the variables of a {@link Kernel}. */
    List<Tensor> values();

    /** What is written. */
    List<Tensor> variables();

    /**
     * Checks that updates can be made by one program.
     *
     * @throws TensorException if two of them write one variable
     */
    static void requireDistinct(List<Update> updates) {
        Set<TensorData> distinct = new HashSet<>();
        for (Update update : updates) {
            for (Tensor variable : update.variables()) {
                if (!distinct.add(requireVariable(variable).data())) {
                    throw new TensorException("Update of variable " + variable.label()
                            + ": expected one in a program, found two; combine them, or run two programs.");
                }
            }
        }
    }

    private static Operation.Variable requireVariable(Tensor tensor) {
        if (!(tensor.operation() instanceof Operation.Variable variable)) {
            throw new TensorException("Update of " + tensor.label() + ": expected a variable, found a value of "
                    + tensor.operation() + "; pass a Tensor.variable itself.");
        }
        if (variable.data().isFrozen()) {
            throw new TensorException(
                    "Update of variable " + tensor.label()
                            + ": expected elements that may change, found frozen ones; update a copy, or load them to be trained.");
        }
        return variable;
    }
}
