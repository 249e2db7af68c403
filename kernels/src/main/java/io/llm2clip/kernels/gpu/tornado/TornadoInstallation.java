package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.device.DeviceException;
import java.io.File;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A TornadoVM on this machine, and the arguments with which a JVM must be started to use it.
 *
 * <p>What an installation can do is decided by what is in its folders, never by its version, so that newer ones are not refused.
 */
public final class TornadoInstallation {
    /** Names the installation's folder. */
    public static final String HOME_VARIABLE = "TORNADOVM_HOME";
    /** System property that names the back end, where an installation has several. */
    public static final String BACKEND_PROPERTY = "llm2clip.tornado.backend";

    /** The newest version that the tests of device kernels were run on; others are not refused. */
    public static final String TESTED = "5.2.0-jdk25";

    /** Best first. */
    private static final List<String> BACKENDS = List.of("cuda", "ptx", "opencl", "spirv", "metal");

    private static final String DRIVER = "tornado.drivers.";
    private static final List<String> MODULES =
            List.of("tornado.api", "tornado.runtime", "tornado.annotation", "tornado.drivers.common");
    private static final String COMPILER = "jdk.graal.compiler";
    private static final String COMPILER_INTERFACE = "jdk.internal.vm.ci";
    private static final String REMEDY = "install TornadoVM again (sdk install tornadovm) or correct " + HOME_VARIABLE;

    /** Classes by which the API reaches its implementation. */
    private static final List<String> IMPLEMENTATIONS = List.of(
            "-Dtornado.load.api.implementation=uk.ac.manchester.tornado.runtime.tasks.TornadoTaskGraph",
            "-Dtornado.load.runtime.implementation=uk.ac.manchester.tornado.runtime.TornadoCoreRuntime",
            "-Dtornado.load.tornado.implementation=uk.ac.manchester.tornado.runtime.common.Tornado",
            "-Dtornado.load.annotation.implementation=uk.ac.manchester.tornado.annotation.ASMClassVisitor",
            "-Dtornado.load.annotation.parallel=uk.ac.manchester.tornado.api.annotations.Parallel");

    /** How this project drives it: errors are errors, arenas are as large as they need be, launches cost little. */
    private static final List<String> SETTINGS = List.of(
            // Otherwise a kernel that does not compile runs once on the host, as one work-item.
            "-Dtornado.recover.bailout=False",
            // Event lists of this length are cleared at every launch; the default is 32768.
            "-Dtornado.max.events=64",
            "-Dtornado.tvm.maxbytecodesize=1000000",
            "-Dtornado.experimental.reduce=False",
            "-Dtornado.check.parameters=False",
            // Elements begin behind the header: at 16 bytes, the default, cuBLASLt has to use slower kernels for
            // matmuls.
            "-Dtornado.panama.objectHeader=256",
            // Arenas are sparse on the host; pinning would make them resident.
            "-Dtornado.cuda.host.pinning=False",
            // The default would let compilers ignore infinities, NaN and the sign of 0, which kernels use.
            "-Dtornado.opencl.compiler.flags=-w",
            // A bookkeeping limit; the device's own is what counts.
            "-Dtornado.device.memory=1000GB");

    private final Path home;
    private final Path lists;
    private final ModuleJars jars;
    private final ModuleJars compilerJars;
    private final @Nullable Path argumentFile;

    private TornadoInstallation(Path home) {
        this.home = home;
        Path java = home.resolve("share").resolve("java");
        lists = home.resolve("etc").resolve("exportLists");
        jars = ModuleJars.in(java.resolve("tornado"));
        compilerJars = ModuleJars.in(java.resolve("graalJars"), java.resolve("tornado"));
        argumentFile = Stream.of("tornado-argfile", "tornado-argfile.template")
                .map(home::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElse(null);
    }

    /**
     * The installation that the environment names, or SDKMAN's current one.
     *
     * @throws DeviceException if there is none, or it lacks what every installation has
     */
    public static TornadoInstallation find() {
        return find(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    static TornadoInstallation find(Map<String, String> environment, Path userHome) {
        String named = environment.get(HOME_VARIABLE);
        if (named != null && !named.isBlank()) {
            return at(Path.of(named));
        }
        Path standard = userHome.resolve(Path.of(".sdkman", "candidates", "tornadovm", "current"));
        if (!Files.isDirectory(standard)) {
            throw new DeviceException("No TornadoVM was found: expected the environment variable " + HOME_VARIABLE
                    + " or the folder " + standard + ", found neither; install it (sdk install tornadovm) or set "
                    + HOME_VARIABLE + ".");
        }
        return at(standard);
    }

    /**
     * The installation in a folder.
     *
     * @throws DeviceException if it lacks what every installation has
     */
    public static TornadoInstallation at(Path home) {
        if (!Files.isDirectory(home)) {
            throw new DeviceException(
                    "TornadoVM was expected in " + home + ", but there is no such folder; " + REMEDY + ".");
        }
        TornadoInstallation installation =
                new TornadoInstallation(home.toAbsolutePath().normalize());
        List<String> missing = MODULES.stream()
                .filter(module -> !installation.jars.contains(module))
                .collect(Collectors.toCollection(ArrayList::new));
        if (installation.backends().isEmpty()) {
            missing.add(DRIVER + "<one of " + String.join(", ", BACKENDS) + ">");
        }
        if (!missing.isEmpty()) {
            throw new DeviceException("TornadoVM in " + home + " is not complete: expected jars of the modules "
                    + String.join(", ", missing) + " in share/java/tornado, found none; " + REMEDY + ".");
        }
        return installation;
    }

    public Path home() {
        return home;
    }

    /** The version as the installation states it; for messages only. */
    public String version() {
        Path release = home.resolve("etc").resolve("tornado.release");
        if (Files.isRegularFile(release)) {
            try (Stream<String> lines = Files.lines(release)) {
                Optional<String> version = lines.filter(line -> line.startsWith("version="))
                        .map(line -> line.substring("version=".length()).strip())
                        .findFirst();
                if (version.isPresent()) {
                    return version.get();
                }
            } catch (IOException e) {
                throw unreadable(release, e);
            }
        }
        return jars.version("tornado.api").orElse("unknown");
    }

    /** Back ends whose drivers are there, best first: {@code cuda}, {@code ptx}, {@code opencl}, {@code spirv}, {@code metal}. */
    public List<String> backends() {
        return BACKENDS.stream().filter(name -> jars.contains(DRIVER + name)).toList();
    }

    /**
     * Arguments for a JVM with the back end that the system property {@value #BACKEND_PROPERTY} names, or with the best one.
     *
     * @throws DeviceException if there is no such back end, or files are missing
     */
    public List<String> jvmArguments() {
        String named = System.getProperty(BACKEND_PROPERTY, "");
        return jvmArguments(named.isEmpty() ? backends().getFirst() : named);
    }

    /**
     * Arguments for a JVM with one back end; they go along with other {@code --add-modules}. An installation with an argument file
     * of its own is taken at its word: its arguments count, whatever the back end.
     *
     * @throws DeviceException if there is no such back end, or files are missing
     */
    public List<String> jvmArguments(String backend) {
        if (!backends().contains(backend)) {
            throw new DeviceException("TornadoVM in " + home + " has no back end '" + backend + "': found "
                    + String.join(", ", backends()) + "; choose one of these with -D" + BACKEND_PROPERTY
                    + ", or install the other.");
        }
        List<String> arguments = new ArrayList<>(argumentFile == null ? assembled(backend) : stated(argumentFile));
        arguments.add("--enable-native-access=" + DRIVER + backend);
        arguments.addAll(SETTINGS);
        return List.copyOf(arguments);
    }

    private List<String> stated(Path file) {
        try {
            return ArgumentFile.read(file, home);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private List<String> assembled(String backend) {
        if (!compilerJars.contains(COMPILER)) {
            throw new DeviceException("TornadoVM in " + home + " has no compiler: expected a jar of the module "
                    + COMPILER + " in share/java/graalJars, found none; " + REMEDY + ".");
        }
        List<String> roots = new ArrayList<>(MODULES.subList(1, MODULES.size()));
        roots.add(DRIVER + backend);
        Map<String, Path> upgrades = compilerJars.closure(List.of(COMPILER));
        Map<String, Path> modules = jars.closure(roots);
        modules.keySet().removeAll(upgrades.keySet());
        List<String> arguments = new ArrayList<>(
                List.of("--module-path", join(modules.values()), "--upgrade-module-path", join(upgrades.values())));
        arguments.add("--add-modules");
        if (ModuleFinder.ofSystem().find(COMPILER_INTERFACE).isPresent()) {
            roots.add(COMPILER_INTERFACE);
        }
        arguments.add(String.join(",", roots));
        arguments.addAll(exports("common-exports"));
        arguments.addAll(exports(backend + "-exports"));
        arguments.add("-Djava.library.path=" + home.resolve("lib"));
        arguments.addAll(IMPLEMENTATIONS);
        return arguments;
    }

    private List<String> exports(String name) {
        Path file = lists.resolve(name);
        if (!Files.isRegularFile(file)) {
            throw new DeviceException("TornadoVM in " + home + " is not complete: expected the export list " + file
                    + " or a tornado-argfile, found neither; " + REMEDY + ".");
        }
        try {
            return ArgumentFile.split(Files.readString(file));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static DeviceException unreadable(Path file, IOException cause) {
        return new DeviceException(
                "TornadoVM's file " + file + " cannot be read; give yourself the right to read it.", cause);
    }

    private static String join(Collection<Path> paths) {
        return paths.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
}
