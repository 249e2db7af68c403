package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.codegen.LocalVariables;
import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.LocalVariableType;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites class files of kernels: the dialect's types become TornadoVM's, static methods keep their names and become public, and
 * everything else is left out.
 */
final class KernelRelinker {
    static final String API = "uk.ac.manchester.tornado.api.";

    private static final ClassDesc CONTEXT = description(KernelContext.class);

    private final Function<ClassDesc, ClassModel> classes;
    private final Map<ClassDesc, ClassDesc> types;

    /** @param classes class files of kernels and helpers */
    KernelRelinker(Function<ClassDesc, ClassModel> classes) {
        this.classes = classes;
        types = Map.of(
                CONTEXT,
                ClassDesc.of(API + "KernelContext"),
                description(FloatBuf.class),
                ClassDesc.of(API + "types.arrays.FloatArray"),
                description(IntBuf.class),
                ClassDesc.of(API + "types.arrays.IntArray"),
                description(ShortBuf.class),
                ClassDesc.of(API + "types.arrays.ShortArray"),
                description(KMath.class),
                ClassDesc.of(API + "math.TornadoMath"));
    }

    /** Whether a class has kernels or their helpers; these are told by their prefix. */
    static boolean hasKernels(ClassModel model) {
        return model.methods().stream()
                .anyMatch(method -> method.methodName().stringValue().startsWith("k_"));
    }

    /** @param merged which kernel's parameters to merge; null for none */
    byte[] relink(ClassModel model, @Nullable MergedKernel merged) {
        return ClassFile.of().build(model.thisClass().asSymbol(), builder -> {
            builder.withFlags(AccessFlag.PUBLIC, AccessFlag.FINAL, AccessFlag.SUPER);
            for (MethodModel method : model.methods()) {
                if (method.flags().has(AccessFlag.STATIC) && method.code().isPresent()) {
                    boolean kernel = merged != null
                            && method.methodName().equalsString(merged.kernel().name());
                    int[] parameters = merged != null && kernel ? merged.parameters() : new int[0];
                    builder.withMethod(
                            method.methodName().stringValue(),
                            merged(relinked(method.methodTypeSymbol()), parameters),
                            ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                            copy -> copy.transformCode(method.code().get(), new Rewriting(method, parameters)));
                }
            }
        });
    }

    /** A method's type without the parameters whose place an earlier one takes. */
    private static MethodTypeDesc merged(MethodTypeDesc type, int[] parameters) {
        MethodTypeDesc result = type;
        for (int p = parameters.length - 1; p > 0; p--) {
            if (isMerged(parameters, p)) {
                result = result.dropParameterTypes(p, p + 1);
            }
        }
        return result;
    }

    private static boolean isMerged(int[] parameters, int parameter) {
        return parameter < parameters.length
                && IntStream.range(0, parameter).anyMatch(earlier -> parameters[earlier] == parameters[parameter]);
    }

    /** One method's code, with the helpers inlined into it. */
    private final class Rewriting implements CodeTransform {
        /** For each parameter, all of which take one slot, its new slot; none where nothing moves. */
        private final int[] parameters;

        private final int merged;
        private int freeSlot;

        Rewriting(MethodModel method, int[] parameters) {
            this.parameters = parameters;
            merged = parameters.length - 1 - IntStream.of(parameters).max().orElse(-1);
            freeSlot = code(method).maxLocals();
        }

        private int moved(int slot) {
            return slot < parameters.length ? parameters[slot] : slot - merged;
        }

        @Override
        public void accept(CodeBuilder builder, CodeElement element) {
            if (LocalVariables.move(builder, element, this::moved)) {
                return;
            }
            switch (element) {
                case LocalVariable variable when isMerged(parameters, variable.slot()) -> {}
                case FieldInstruction field
                when field.owner().asSymbol().equals(CONTEXT) ->
                    // Ids are objects there; the compiler knows them by these fields.
                    builder.getfield(relinked(CONTEXT), field.name().stringValue(), ConstantDescs.CD_Integer)
                            .invokevirtual(
                                    ConstantDescs.CD_Integer, "intValue", MethodTypeDesc.of(ConstantDescs.CD_int));
                case InvokeInstruction invoke
                when invoke.opcode() == Opcode.INVOKESTATIC && HelperInliner.concerns(invoke.typeSymbol()) ->
                    inline(builder, invoke);
                case InvokeInstruction invoke ->
                    builder.invoke(
                            invoke.opcode(),
                            relinked(invoke.owner().asSymbol()),
                            invoke.name().stringValue(),
                            relinked(invoke.typeSymbol()),
                            invoke.isInterface());
                case InvokeDynamicInstruction invoke ->
                    throw new IllegalArgumentException("Kernels cannot use invokedynamic, found " + invoke.name()
                            + "; write loops and if instead of lambdas, string concatenation and pattern switches.");
                case LocalVariable variable ->
                    builder.localVariable(
                            moved(variable.slot()),
                            variable.name().stringValue(),
                            relinked(variable.typeSymbol()),
                            variable.startScope(),
                            variable.endScope());
                case LocalVariableType _ -> {}
                default -> builder.with(element);
            }
        }

        private void inline(CodeBuilder builder, InvokeInstruction call) {
            MethodModel helper = classes.apply(call.owner().asSymbol()).methods().stream()
                    .filter(method ->
                            method.methodName().equalsString(call.name().stringValue())
                                    && method.methodTypeSymbol().equals(call.typeSymbol()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("Kernels call " + call.name()
                            + ", which has an array as parameter and is no helper; write a static k_ method."));
            int firstSlot = freeSlot;
            freeSlot += code(helper).maxLocals();
            new HelperInliner(builder, firstSlot, this::accept).inline(helper, code(helper));
        }
    }

    private static CodeAttribute code(MethodModel method) {
        return method.findAttribute(Attributes.code())
                .orElseThrow(() -> new IllegalArgumentException(
                        "Method " + method.methodName() + " has no code; write kernels and helpers in Java."));
    }

    private MethodTypeDesc relinked(MethodTypeDesc type) {
        MethodTypeDesc result = type.changeReturnType(relinked(type.returnType()));
        for (int i = 0; i < type.parameterCount(); i++) {
            result = result.changeParameterType(i, relinked(type.parameterType(i)));
        }
        return result;
    }

    ClassDesc relinked(ClassDesc type) {
        return types.getOrDefault(type, type);
    }

    static ClassDesc description(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
