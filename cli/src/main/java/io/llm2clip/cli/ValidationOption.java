package io.llm2clip.cli;

import io.llm2clip.dataset.CaptionColumns;
import io.llm2clip.training.Validation;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What a training is measured on. */
@HelpSection.In(HelpSection.INPUT)
final class ValidationOption {
    @Option(
            names = "--val",
            paramLabel = "DATA|SHARE",
            converter = Converter.class,
            description =
                    "What is measured and not learned from: another data set, or a share of this one (default: 0.1).")
    private Validation validation = Validation.TENTH;

    Validation validation() {
        return validation;
    }

    /** The same of data with columns. */
    Validation validation(CaptionColumns columns) {
        return validation instanceof Validation.Data data ? new Validation.Data(data.path(), columns) : validation;
    }

    /** A number is a share; a folder of such a name is written as {@code ./0.1}. */
    static final class Converter implements ITypeConverter<Validation> {
        @Override
        public Validation convert(String value) {
            double share;
            try {
                share = Double.parseDouble(value);
            } catch (NumberFormatException e) {
                return new Validation.Data(Path.of(value));
            }
            try {
                return new Validation.Share(share);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }
}
