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
 * Defines kernel classes a second time, relinked and under their own names, by which TornadoVM finds their class files; and for each
 * kernel a class with the one call that TornadoVM takes a task from. All other classes are the parent's.
 */
final class RelinkedKernels extends ClassLoader {
    private static final Map<ClassLoader, RelinkedKernels> LOADERS = new HashMap<>();

    private final KernelRelinker relinker;
    private final Map<String, Object> tasks = new HashMap<>();

    RelinkedKernels(ClassLoader parent) {
        super(parent);
        relinker = new KernelRelinker(this::classFile);
    }

    /**
     * The task of a kernel: an object of TornadoVM's functional interface for as many arguments. All devices share it, as TornadoVM
     * keeps what it knows of a method for ever.
     */
    static synchronized Object task(DeviceKernel kernel) {
        RelinkedKernels loader = LOADERS.computeIfAbsent(kernel.owner().getClassLoader(), RelinkedKernels::new);
        return loader.tasks.computeIfAbsent(taskName(kernel), name -> loader.newTask(kernel));
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
            ClassModel model = read(name);
            if (model != null && KernelRelinker.hasKernels(model)) {
                byte[] bytes = relinker.relink(model);
                return defineClass(name, bytes, 0, bytes.length);
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
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            return in == null ? null : ClassFile.of().parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("Class " + name + " cannot be read.", e);
        }
    }

    private Object newTask(DeviceKernel kernel) {
        byte[] bytes = taskClass(kernel);
        try {
            return defineClass(taskName(kernel), bytes, 0, bytes.length)
                    .getConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("The task class of kernel " + kernel.name() + " cannot be created.", e);
        }
    }

    /**
     * A class with a method {@code apply} that only casts its arguments and calls the kernel: TornadoVM scans its bytecode for the
     * first static call, and reads one byte of the index into the constant pool, so there must not be more in it.
     */
    byte[] taskClass(DeviceKernel kernel) {
        List<ClassDesc> parameters = new ArrayList<>();
        parameters.add(relinker.relinked(KernelRelinker.description(KernelContext.class)));
        kernel.roles().forEach(role -> parameters.add(relinker.relinked(KernelRelinker.description(role.type()))));
        MethodTypeDesc erased = MethodTypeDesc.of(
                ConstantDescs.CD_void, Collections.nCopies(parameters.size(), ConstantDescs.CD_Object));
        ClassDesc function =
                ClassDesc.of(KernelRelinker.API + "common.TornadoFunctions").nested("Task" + parameters.size());
        return ClassFile.of()
                .build(
                        ClassDesc.of(taskName(kernel)),
                        builder -> builder.withFlags(AccessFlag.PUBLIC, AccessFlag.FINAL, AccessFlag.SUPER)
                                .withInterfaceSymbols(function)
                                .withMethodBody("apply", erased, ClassFile.ACC_PUBLIC, code -> {
                                    for (int i = 0; i < parameters.size(); i++) {
                                        code.aload(i + 1).checkcast(parameters.get(i));
                                    }
                                    code.invokestatic(
                                                    KernelRelinker.description(kernel.owner()),
                                                    kernel.name(),
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
