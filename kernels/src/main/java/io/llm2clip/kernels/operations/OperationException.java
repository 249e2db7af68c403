package io.llm2clip.kernels.operations;

import java.util.function.Supplier;

/** What a {@link CustomOp} threw, with its name. */
public final class OperationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private OperationException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Calls a method of an operation.
     *
     * @param part which one it is, for the message
     * @return what it returns
     * @throws OperationException for whatever it throws, but for {@link IndexException}s, which name the operand, and for what has
     *     happened to the JVM
     */
    public static <T> T calling(CustomOp op, String part, Supplier<T> method) {
        try {
            return method.get();
        } catch (OperationException | IndexException | VirtualMachineError e) {
            throw e;
        } catch (Throwable e) {
            throw new OperationException("Operation " + op.name() + ": " + part + " failed with " + e, e);
        }
    }

    /** As {@link #calling}, of a method that returns nothing. */
    public static void running(CustomOp op, String part, Runnable method) {
        calling(op, part, () -> {
            method.run();
            return true;
        });
    }
}
