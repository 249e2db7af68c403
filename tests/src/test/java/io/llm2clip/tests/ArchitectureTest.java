package io.llm2clip.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The modules and what they may use, from the bottom up: kernels, tensor, nn, llm2clip, cli; beside these testkit, on tensor. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("test-classes") && !location.contains("-tests.jar"))
            .importPackages("io.llm2clip");
    /** Everything that is not in one of these belongs to the module {@code llm2clip}. */
    private static final List<String> NAMED_MODULES = List.of(
            "io.llm2clip.kernels", "io.llm2clip.tensor", "io.llm2clip.testkit", "io.llm2clip.nn", "io.llm2clip.cli");
    /** Packages of the example of a foreign project. */
    private static final JavaClasses EXAMPLE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("com.example");

    @Test
    void allModulesAreSeen() {
        assertThat(CLASSES.stream().map(ArchitectureTest::module).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder("kernels", "tensor", "testkit", "nn", "llm2clip", "cli");
    }

    @ParameterizedTest
    @CsvSource({
        "kernels, kernels",
        "tensor, kernels tensor",
        "testkit, kernels tensor testkit",
        "nn, kernels tensor nn",
        "llm2clip, kernels tensor nn llm2clip",
        "cli, tensor nn llm2clip cli"
    })
    void dependenciesPointDown(String module, String allowed) {
        Set<String> modules = Set.of(allowed.split(" "));
        List<String> others = CLASSES.stream()
                .filter(type -> module(type).equals(module))
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(dependency ->
                        ours(dependency.getTargetClass()) && !modules.contains(module(dependency.getTargetClass())))
                .map(dependency -> dependency.getDescription())
                .toList();
        assertThat(others).isEmpty();
    }

    /** What a foreign project has on its class path, and may use of it. */
    @Test
    void theExampleUsesThePublicEngineOnly() {
        assertThat(EXAMPLE).isNotEmpty();
        List<String> others = EXAMPLE.stream()
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(dependency -> ours(dependency.getTargetClass())
                        && (isInternal(dependency.getTargetClass())
                                || !Set.of("kernels", "tensor").contains(module(dependency.getTargetClass()))))
                .map(dependency -> dependency.getDescription())
                .toList();
        assertThat(others).isEmpty();
    }

    /** What drives a device is named where devices are opened and listed, and nowhere else. */
    @Test
    void theEngineKnowsDevicesByTheirInterface() {
        noClasses()
                .that()
                .resideInAPackage("io.llm2clip.tensor..")
                .and()
                .resideOutsideOfPackage("io.llm2clip.tensor.machine")
                .and()
                .doNotHaveSimpleName("AcceleratorDevice")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.llm2clip.kernels.gpu.tornado",
                        "io.llm2clip.kernels.gpu.cublas",
                        "io.llm2clip.kernels.gpu.emulator")
                .check(CLASSES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kernels", "tensor", "testkit", "nn"})
    void theEngineKnowsNoImageFiles(String module) {
        noClasses()
                .that()
                .resideInAPackage("io.llm2clip." + module + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.awt..", "javax.imageio..", "javax.swing..")
                .check(CLASSES);
    }

    /** A checkpoint is data, whatever it says: nothing that reads it can load a class, call by name or start a program. */
    @Test
    void readersOfCheckpointsRunNothing() {
        noClasses()
                .that()
                .resideInAPackage("io.llm2clip.nn.checkpoint..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.lang.reflect..", "java.net..", "java.util.jar..", "javax.script..")
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching(
                        "java\\.lang\\.(Process|ProcessBuilder|ClassLoader)|java\\.io\\.Object(Input|Output)Stream|java\\.util\\.ServiceLoader|java\\.beans\\..*")
                .orShould()
                .callMethod(Class.class, "forName", String.class)
                .orShould()
                .callMethod(Runtime.class, "exec", String[].class)
                .orShould()
                .callMethod(System.class, "load", String.class)
                .check(CLASSES);
    }

    @Test
    void librariesDoNotPrint() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.llm2clip.cli..")
                .should(ACCESS_STANDARD_STREAMS)
                .check(CLASSES);
    }

    @Test
    void internalPackagesStayInTheirModule() {
        // Without any the rule would hold of nothing.
        assertThat(CLASSES.stream().filter(ArchitectureTest::isInternal)).isNotEmpty();
        List<String> crossing = CLASSES.stream()
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(dependency -> isInternal(dependency.getTargetClass())
                        && !module(dependency.getTargetClass()).equals(module(dependency.getOriginClass())))
                .map(dependency -> dependency.getDescription())
                .toList();
        assertThat(crossing).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"kernels", "tensor"})
    void packagesOfAModuleHaveNoCycles(String module) {
        slices().assignedFrom(packagesOf(module)).should().beFreeOfCycles().check(CLASSES);
    }

    /** Metrics know no data set, data sets no model that is measured on them, and reports not what they report. */
    @ParameterizedTest
    @CsvSource({
        "evaluation, evaluation.sets evaluation.suite evaluation.probe report demo training",
        "evaluation.probe, evaluation.sets evaluation.suite report demo training",
        "evaluation.sets, evaluation.suite evaluation.probe report demo training",
        "report, evaluation.sets evaluation.suite evaluation.probe demo training",
        "evaluation.suite, demo training"
    })
    void evaluationIsInLayers(String name, String above) {
        assertThat(CLASSES.stream().filter(type -> type.getPackageName().equals("io.llm2clip." + name)))
                .isNotEmpty();
        for (String other : above.split(" ")) {
            noClasses()
                    .that()
                    .resideInAPackage("io.llm2clip." + name)
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("io.llm2clip." + other + "..")
                    .check(CLASSES);
        }
    }

    private static SliceAssignment packagesOf(String module) {
        return new SliceAssignment() {
            @Override
            public String getDescription() {
                return "packages of " + module;
            }

            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                return module(type).equals(module)
                        ? SliceIdentifier.of(type.getPackageName())
                        : SliceIdentifier.ignore();
            }
        };
    }

    @Test
    void noTwoClassesOfAModuleShareAName() {
        Map<String, Long> counts = CLASSES.stream()
                .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
                .collect(Collectors.groupingBy(
                        type -> module(type) + ": " + type.getSimpleName(), Collectors.counting()));
        counts.values().removeIf(count -> count == 1);
        assertThat(counts).isEmpty();
    }

    @Test
    void everyPackageSaysItsIdeaAndIsNullMarked() {
        Set<String> unmarked = CLASSES.stream()
                .map(JavaClass::getPackage)
                .filter(javaPackage -> !javaPackage.isAnnotatedWith(NullMarked.class))
                .map(JavaPackage::getName)
                .collect(Collectors.toSet());
        assertThat(unmarked).isEmpty();
    }

    private static boolean isInternal(JavaClass type) {
        return ours(type) && List.of(type.getPackageName().split("\\.")).contains("internal");
    }

    private static boolean ours(JavaClass type) {
        return type.getPackageName().startsWith("io.llm2clip");
    }

    private static String module(JavaClass type) {
        return NAMED_MODULES.stream()
                .filter(name -> (type.getPackageName() + ".").startsWith(name + "."))
                .map(name -> name.substring("io.llm2clip.".length()))
                .findFirst()
                .orElse("llm2clip");
    }
}
