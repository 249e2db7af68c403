package io.llm2clip.kernels.gpu.tornado;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The modules in folders of jars, by module name. Installations carry jars that must not be on the module path together, so a
 * module path is made of single jars: those that the wanted modules require.
 */
final class ModuleJars {
    private final Map<String, ModuleReference> modules = new HashMap<>();

    private ModuleJars() {}

    /** Modules of the jars in existing ones of the folders; where a module is there twice, the first folder's counts. */
    static ModuleJars in(Path... folders) {
        ModuleJars jars = new ModuleJars();
        for (Path folder : folders) {
            if (Files.isDirectory(folder)) {
                jars.addFolder(folder);
            }
        }
        return jars;
    }

    private void addFolder(Path folder) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*.jar")) {
            found.forEach(files::add);
        } catch (IOException e) {
            throw new UncheckedIOException("Folder " + folder + " cannot be read.", e);
        }
        files.sort(null);
        for (Path file : files) {
            find(file)
                    .ifPresent(module -> modules.putIfAbsent(module.descriptor().name(), module));
        }
    }

    private static Optional<ModuleReference> find(Path jar) {
        try {
            return ModuleFinder.of(jar).findAll().stream().findFirst();
        } catch (FindException e) {
            // A jar that is no module, such as one with a name of which no module name can be made, is of no use here.
            return Optional.empty();
        }
    }

    boolean contains(String module) {
        return modules.containsKey(module);
    }

    Optional<String> version(String module) {
        return Optional.ofNullable(modules.get(module))
                .map(ModuleReference::descriptor)
                .flatMap(ModuleDescriptor::rawVersion);
    }

    /** The jars of some modules and of all that those require, by module, as far as they are in the folders. */
    Map<String, Path> closure(Collection<String> roots) {
        Map<String, Path> jars = new LinkedHashMap<>();
        roots.forEach(root -> addClosure(root, jars));
        return jars;
    }

    private void addClosure(String name, Map<String, Path> jars) {
        ModuleReference module = modules.get(name);
        if (module == null || jars.containsKey(name)) {
            return;
        }
        jars.put(name, Path.of(module.location().orElseThrow()));
        for (Requires required : module.descriptor().requires()) {
            if (!required.modifiers().contains(Requires.Modifier.STATIC)) {
                addClosure(required.name(), jars);
            }
        }
    }
}
