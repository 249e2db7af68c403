package io.llm2clip.kernels.gpu.codegen;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.util.function.IntUnaryOperator;

/** Moves a method's local variables to other slots. */
public final class LocalVariables {

    private LocalVariables() {}

    /**
     * Copies an instruction that accesses a local variable.
     *
     * @param slots the new slot for each old one
     * @return whether it was one
     */
    public static boolean move(CodeBuilder builder, CodeElement element, IntUnaryOperator slots) {
        switch (element) {
            case LoadInstruction load -> builder.loadLocal(load.typeKind(), slots.applyAsInt(load.slot()));
            case StoreInstruction store -> builder.storeLocal(store.typeKind(), slots.applyAsInt(store.slot()));
            case IncrementInstruction increment ->
                builder.iinc(slots.applyAsInt(increment.slot()), increment.constant());
            default -> {
                return false;
            }
        }
        return true;
    }
}
