package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.codegen.LocalVariables;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.LocalVariableType;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Puts the code of a helper in the place of its call. TornadoVM inlines helpers too, but then takes a local array that was passed as
 * an argument for a global one, and adds the size of an array's header to indices.
 */
final class HelperInliner {
    private final CodeBuilder builder;
    private final int firstSlot;
    private final BiConsumer<CodeBuilder, CodeElement> rest;
    private final Map<Label, Label> labels = new HashMap<>();
    private final Label end;

    /**
     * @param firstSlot first local variable that the caller does not use
     * @param rest rewrites what is neither about local variables nor about the flow of control
     */
    HelperInliner(CodeBuilder builder, int firstSlot, BiConsumer<CodeBuilder, CodeElement> rest) {
        this.builder = builder;
        this.firstSlot = firstSlot;
        this.rest = rest;
        end = builder.newLabel();
    }

    /** Whether a call has to be replaced. */
    static boolean concerns(MethodTypeDesc type) {
        return type.parameterList().stream().anyMatch(ClassDesc::isArray);
    }

    /** Takes the arguments from the stack and leaves the result there. */
    void inline(MethodModel helper, CodeAttribute code) {
        storeArguments(helper.methodTypeSymbol());
        List<CodeElement> elements = code.elementList();
        for (CodeElement element : elements) {
            copy(element);
        }
        builder.labelBinding(end);
    }

    private void storeArguments(MethodTypeDesc type) {
        int slot = firstSlot;
        for (ClassDesc parameter : type.parameterList()) {
            slot += TypeKind.from(parameter).slotSize();
        }
        for (int i = type.parameterCount() - 1; i >= 0; i--) {
            TypeKind kind = TypeKind.from(type.parameterType(i));
            slot -= kind.slotSize();
            builder.storeLocal(kind, slot);
        }
    }

    private void copy(CodeElement element) {
        if (LocalVariables.move(builder, element, slot -> firstSlot + slot)) {
            return;
        }
        switch (element) {
            case ReturnInstruction _ -> builder.goto_(end);
            case LabelTarget target -> builder.labelBinding(copy(target.label()));
            case BranchInstruction branch -> builder.branch(branch.opcode(), copy(branch.target()));
            case LookupSwitchInstruction choice ->
                builder.lookupswitch(copy(choice.defaultTarget()), copy(choice.cases()));
            case TableSwitchInstruction choice ->
                builder.tableswitch(
                        choice.lowValue(), choice.highValue(), copy(choice.defaultTarget()), copy(choice.cases()));
            case LineNumber _, LocalVariable _, LocalVariableType _ -> {}
            default -> rest.accept(builder, element);
        }
    }

    private Label copy(Label label) {
        return labels.computeIfAbsent(label, key -> builder.newLabel());
    }

    private List<SwitchCase> copy(List<SwitchCase> cases) {
        return cases.stream()
                .map(choice -> SwitchCase.of(choice.caseValue(), copy(choice.target())))
                .toList();
    }
}
