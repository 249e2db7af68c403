package io.llm2clip.cli;

import io.llm2clip.nn.Limit;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Field;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The values that an option takes; others are bad usage, found before the command begins. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface Within {
    Limit value();

    /** Checks the options that were given. */
    final class Check {
        private Check() {}

        /** @throws ParameterException naming the first option whose value is out of range, unless help was asked for */
        static void all(ParseResult arguments) {
            for (CommandLine command : arguments.asCommandLineList()) {
                if (command.isUsageHelpRequested()) {
                    return;
                }
                for (ArgSpec argument : command.getParseResult().matchedArgs()) {
                    one(command, argument);
                }
            }
        }

        private static void one(CommandLine command, ArgSpec argument) {
            if (argument instanceof OptionSpec option
                    && option.userObject() instanceof Field field
                    && field.getAnnotation(Within.class) instanceof Within within
                    && option.getValue() instanceof Number number) {
                try {
                    within.value().require(option.longestName(), number.doubleValue());
                } catch (IllegalArgumentException e) {
                    throw new ParameterException(command, String.valueOf(e.getMessage()), e);
                }
            }
        }
    }
}
