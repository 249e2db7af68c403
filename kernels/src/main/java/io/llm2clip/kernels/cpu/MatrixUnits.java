package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.scalar.ScalarMatrixUnit;
import io.llm2clip.kernels.cpu.matrix.vector.VectorMatrixUnit;
import io.llm2clip.kernels.operations.KernelOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The matrix units of this machine and the choice among them: the first that passes its self-test, or the one that the system property
 * {@code llm2clip.matrix} names.
 */
final class MatrixUnits {
    private static final System.Logger LOG = System.getLogger(MatrixUnits.class.getName());

    /** Fastest first. */
    private static final List<MatrixUnit> AVAILABLE = List.of(new VectorMatrixUnit(), new ScalarMatrixUnit());

    /**
     * A unit and why it is the one.
     *
     * @param unit the unit
     * @param reason as half a sentence
     */
    record Choice(MatrixUnit unit, String reason) {}

    private record Chosen(@Nullable String wanted, Choice choice) {}

    private static volatile @Nullable Chosen chosen;

    private MatrixUnits() {}

    /**
     * The unit in use; chosen at the first call, and again after the property has changed.
     *
     * @throws IllegalArgumentException if the property names a unit that this machine does not have, or that fails here
     */
    static Choice selected() {
        String wanted = Settings.matrixUnit();
        Chosen known = chosen;
        return known != null && Objects.equals(known.wanted(), wanted) ? known.choice() : select(wanted);
    }

    private static synchronized Choice select(@Nullable String wanted) {
        Chosen known = chosen;
        if (known != null && Objects.equals(known.wanted(), wanted)) {
            return known.choice();
        }
        Choice choice = choose(AVAILABLE, wanted);
        LOG.log(
                System.Logger.Level.DEBUG,
                "Matrix unit {0}: {1}.",
                choice.unit().name(),
                choice.reason());
        chosen = new Chosen(wanted, choice);
        return choice;
    }

    /** The unit for an operation: the one in use, or where that does not support it the first that does. */
    static MatrixUnit forOperation(KernelOp op) {
        MatrixUnit selected = selected().unit();
        if (selected.supports(op)) {
            return selected;
        }
        return AVAILABLE.stream()
                .filter(unit -> unit.supports(op))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No matrix unit of this machine computes " + op + "."));
    }

    /** Refuses a property that names no unit. */
    static void checkSetting() {
        String wanted = Settings.matrixUnit();
        if (wanted != null) {
            named(AVAILABLE, wanted);
        }
    }

    private static MatrixUnit named(List<MatrixUnit> units, String wanted) {
        return units.stream()
                .filter(unit -> unit.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No matrix unit '" + wanted
                        + "' on this machine; set " + Settings.MATRIX_UNIT + " to one of "
                        + units.stream().map(MatrixUnit::name).toList() + " or leave it unset."));
    }

    /** Chooses among units, fastest first. */
    static Choice choose(List<MatrixUnit> units, @Nullable String wanted) {
        List<String> names = units.stream().map(MatrixUnit::name).toList();
        if (wanted != null) {
            MatrixUnit unit = named(units, wanted);
            unit.selfTest().ifPresent(failure -> {
                throw new IllegalArgumentException("The matrix unit '" + wanted + "' cannot be used: " + failure
                        + "; leave " + Settings.MATRIX_UNIT + " unset to have another one.");
            });
            return new Choice(unit, "named by " + Settings.MATRIX_UNIT);
        }
        List<String> failures = new ArrayList<>();
        for (MatrixUnit unit : units) {
            Optional<String> failure = unit.selfTest();
            if (failure.isEmpty()) {
                String reason = failures.isEmpty()
                        ? "the fastest of " + names + ", passed its self-test"
                        : String.join("; ", failures);
                return new Choice(unit, reason);
            }
            failures.add("not " + unit.name() + ", " + failure.get());
        }
        throw new IllegalStateException("No matrix unit works on this machine: " + String.join("; ", failures) + ".");
    }
}
