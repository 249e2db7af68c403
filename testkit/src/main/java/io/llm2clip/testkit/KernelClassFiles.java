package io.llm2clip.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the class files of kernels. */
final class KernelClassFiles {

    private KernelClassFiles() {}

    /** A class, and those whose helpers its kernels call, directly or not. */
    static List<ClassModel> withHelpers(Class<?> kernels) {
        List<ClassModel> models = new ArrayList<>();
        Set<String> found = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of(kernels.getName().replace('.', '/')));
        while (!open.isEmpty()) {
            String name = open.remove();
            if (found.add(name)) {
                ClassModel model = read(kernels, name);
                models.add(model);
                calledHelpers(model).forEach(open::add);
            }
        }
        return models;
    }

    private static Stream<String> calledHelpers(ClassModel model) {
        return model.methods().stream()
                .map(MethodModel::code)
                .flatMap(code -> code.stream().flatMap(CodeModel::elementStream))
                .filter(KernelClassFiles::callsHelper)
                .map(element -> ((InvokeInstruction) element).owner().asInternalName());
    }

    private static boolean callsHelper(CodeElement element) {
        return element instanceof InvokeInstruction invoke
                && invoke.name().stringValue().startsWith(KernelLint.PREFIX);
    }

    /** @param neighbor a class whose loader finds the other one, too */
    private static ClassModel read(Class<?> neighbor, String internalName) {
        String file = internalName + ".class";
        ClassLoader loader = neighbor.getClassLoader();
        try (InputStream in =
                loader == null ? ClassLoader.getSystemResourceAsStream(file) : loader.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalArgumentException("Class file " + file
                        + " is not found by the loader of " + neighbor.getName()
                        + "; write kernels in a class of their own that is compiled before it is used.");
            }
            return ClassFile.of().parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("Class file " + file + " cannot be read.", e);
        }
    }
}
