package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Defines kernel classes a second time, relinked and under their own names, by which TornadoVM finds their class files: one loader for
 * a kernel's class, with the kernel's parameters merged, and its parent for the classes of helpers, which all kernels share. Beside
 * the kernel's class there is one with the one call that TornadoVM takes a task from. All other classes are the application's.
 */
final class RelinkedKernels extends ClassLoader {
    private static final Map<ClassLoader, RelinkedKernels> HELPERS = new HashMap<>();
    private static final Map<MergedKernel, Object> TASKS = new HashMap<>();

    private final ClassLoader originals;
    private final @Nullable MergedKernel merged;
    private final KernelRelinker relinker = new KernelRelinker(this::classFile);

    /** Relinks classes of helpers. */
    private RelinkedKernels(ClassLoader originals) {
        super(originals);
        this.originals = originals;
        merged = null;
    }

    /** Relinks a kernel's class. */
    RelinkedKernels(MergedKernel merged) {
        super(HELPERS.computeIfAbsent(merged.kernel().owner().getClassLoader(), RelinkedKernels::new));
        originals = merged.kernel().owner().getClassLoader();
        this.merged = merged;
    }

    /**
     * The task of a kernel: an object of TornadoVM's functional interface for as many arguments. All devices share it, as TornadoVM
     * keeps what it knows of a method for ever.
     */
    static synchronized Object task(MergedKernel kernel) {
        return TASKS.computeIfAbsent(kernel, key -> new RelinkedKernels(key).newTask(key));
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            if (name.startsWith("java.") || name.startsWith(KernelRelinker.API)) {
                return super.loadClass(name, resolve);
            }
            if (merged == null || name.equals(merged.kernel().owner().getName())) {
                ClassModel model = read(name);
                if (model == null && merged != null) {
                    throw new IllegalArgumentException("Kernel class " + name
                            + " cannot be relinked: expected its loader to give its class file as a resource.");
                }
                if (model != null && KernelRelinker.hasKernels(model)) {
                    byte[] bytes = relinker.relink(model, merged);
                    return defineClass(name, bytes, 0, bytes.length);
                }
            }
            return super.loadClass(name, resolve);
        }
    }

    private ClassModel classFile(ClassDesc type) {
        ClassModel model =
                read(type.descriptorString().substring(1).replace(";", "").replace('/', '.'));
        if (model == null) {
            throw new IllegalArgumentException("Class file of " + type.displayName() + " is not to be found.");
        }
        return model;
    }

    private @Nullable ClassModel read(String name) {
        try (InputStream in = originals.getResourceAsStream(name.replace('.', '/') + ".class")) {
            return in == null ? null : ClassFile.of().parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("Class " + name + " cannot be read.", e);
        }
    }

    private Object newTask(MergedKernel kernel) {
        byte[] bytes = taskClass(kernel);
        try {
            return defineClass(taskName(kernel.kernel()), bytes, 0, bytes.length)
                    .getConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "The task class of kernel " + kernel.kernel().name() + " cannot be created.", e);
        }
    }

    /**
     * A class with a method {@code apply} that only casts its arguments and calls the kernel: TornadoVM scans its bytecode for the
     * first static call, and reads one byte of the index into the constant pool, so there must not be more in it.
     */
    byte[] taskClass(MergedKernel kernel) {
        List<ClassDesc> parameters = new ArrayList<>();
        parameters.add(relinker.relinked(KernelRelinker.description(KernelContext.class)));
        kernel.roles().forEach(role -> parameters.add(relinker.relinked(KernelRelinker.description(role.type()))));
        MethodTypeDesc erased = MethodTypeDesc.of(
                ConstantDescs.CD_void, Collections.nCopies(parameters.size(), ConstantDescs.CD_Object));
        ClassDesc function =
                ClassDesc.of(KernelRelinker.API + "common.TornadoFunctions").nested("Task" + parameters.size());
        return ClassFile.of()
                .build(
                        ClassDesc.of(taskName(kernel.kernel())),
                        builder -> builder.withFlags(AccessFlag.PUBLIC, AccessFlag.FINAL, AccessFlag.SUPER)
                                .withInterfaceSymbols(function)
                                .withMethodBody("apply", erased, ClassFile.ACC_PUBLIC, code -> {
                                    for (int i = 0; i < parameters.size(); i++) {
                                        code.aload(i + 1).checkcast(parameters.get(i));
                                    }
                                    code.invokestatic(
                                                    KernelRelinker.description(
                                                            kernel.kernel().owner()),
                                                    kernel.kernel().name(),
                                                    MethodTypeDesc.of(ConstantDescs.CD_void, parameters))
                                            .return_();
                                })
                                .withMethodBody(
                                        ConstantDescs.INIT_NAME,
                                        ConstantDescs.MTD_void,
                                        ClassFile.ACC_PUBLIC,
                                        code -> code.aload(0)
                                                .invokespecial(
                                                        ConstantDescs.CD_Object,
                                                        ConstantDescs.INIT_NAME,
                                                        ConstantDescs.MTD_void)
                                                .return_()));
    }

    private static String taskName(DeviceKernel kernel) {
        return kernel.owner().getName() + "$$" + kernel.name();
    }
}
