package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.dialect.KernelContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Defines classes with kernels a second time, under their own names, with array accesses and barriers redirected to
 * {@link KernelHooks}. All other classes are the parent's.
 */
final class KernelLoader extends ClassLoader {
    private static final ClassDesc HOOKS = KernelHooks.class.describeConstable().orElseThrow();
    private static final ClassDesc CONTEXT =
            KernelContext.class.describeConstable().orElseThrow();
    private static final ClassDesc FLOATS = ConstantDescs.CD_float.arrayType();
    private static final ClassDesc INTS = ConstantDescs.CD_int.arrayType();
    private static final ClassValue<Class<?>> INSTRUMENTED = new ClassValue<>() {
        @Override
        protected Class<?> computeValue(Class<?> original) {
            try {
                Class<?> again = new KernelLoader(original.getClassLoader()).loadClass(original.getName());
                if (again == original) {
                    throw new IllegalArgumentException("Kernel class " + original.getName()
                            + " cannot be loaded again: expected its loader to give its class file as a resource.");
                }
                return again;
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException("Kernel class " + original.getName() + " cannot be loaded again.", e);
            }
        }
    };

    private KernelLoader(ClassLoader parent) {
        super(parent);
    }

    /** The instrumented definition of a class. */
    static Class<?> instrumented(Class<?> original) {
        return INSTRUMENTED.get(original);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            if (name.startsWith("java.")) {
                return super.loadClass(name, resolve);
            }
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in != null) {
                    ClassModel model = ClassFile.of().parse(in.readAllBytes());
                    if (hasKernels(model)) {
                        byte[] bytes = instrument(model);
                        return defineClass(name, bytes, 0, bytes.length);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("Class " + name + " cannot be read.", e);
            }
            return super.loadClass(name, resolve);
        }
    }

    private static boolean hasKernels(ClassModel model) {
        return model.methods().stream()
                .anyMatch(method -> method.methodName().stringValue().startsWith("k_"));
    }

    private static byte[] instrument(ClassModel model) {
        return ClassFile.of()
                .transformClass(
                        model, ClassTransform.transformingMethodBodies(CodeTransform.ofStateful(Redirection::new)));
    }

    /** Keeps the current line, by which barriers are told apart. */
    private static final class Redirection implements CodeTransform {
        private int line;

        @Override
        public void accept(CodeBuilder builder, CodeElement element) {
            switch (element) {
                case LineNumber number -> {
                    line = number.line();
                    builder.with(element);
                }
                case ArrayLoadInstruction load
                when load.opcode() == Opcode.FALOAD ->
                    builder.invokestatic(
                            HOOKS, "load", MethodTypeDesc.of(ConstantDescs.CD_float, FLOATS, ConstantDescs.CD_int));
                case ArrayLoadInstruction load
                when load.opcode() == Opcode.IALOAD ->
                    builder.invokestatic(
                            HOOKS, "load", MethodTypeDesc.of(ConstantDescs.CD_int, INTS, ConstantDescs.CD_int));
                case ArrayStoreInstruction store
                when store.opcode() == Opcode.FASTORE ->
                    builder.invokestatic(
                            HOOKS,
                            "store",
                            MethodTypeDesc.of(
                                    ConstantDescs.CD_void, FLOATS, ConstantDescs.CD_int, ConstantDescs.CD_float));
                case ArrayStoreInstruction store
                when store.opcode() == Opcode.IASTORE ->
                    builder.invokestatic(
                            HOOKS,
                            "store",
                            MethodTypeDesc.of(ConstantDescs.CD_void, INTS, ConstantDescs.CD_int, ConstantDescs.CD_int));
                case NewPrimitiveArrayInstruction array
                when array.typeKind() == TypeKind.FLOAT ->
                    builder.invokestatic(HOOKS, "floats", MethodTypeDesc.of(FLOATS, ConstantDescs.CD_int));
                case NewPrimitiveArrayInstruction array
                when array.typeKind() == TypeKind.INT ->
                    builder.invokestatic(HOOKS, "ints", MethodTypeDesc.of(INTS, ConstantDescs.CD_int));
                case InvokeInstruction invoke
                when invoke.owner().asSymbol().equals(CONTEXT) && invoke.name().equalsString("localBarrier") ->
                    builder.loadConstant(line)
                            .invokestatic(
                                    HOOKS,
                                    "barrier",
                                    MethodTypeDesc.of(ConstantDescs.CD_void, CONTEXT, ConstantDescs.CD_int));
                default -> builder.with(element);
            }
        }
    }
}
