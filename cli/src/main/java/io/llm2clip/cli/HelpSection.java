package io.llm2clip.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Member;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Where an option stands in the help of its command; what all commands share comes last. */
enum HelpSection {
    INPUT("Input"),
    TRAINING("Training"),
    OUTPUT("Output"),
    DEVICE("Device"),
    GENERAL("General");

    /** Puts an option, or all options that a class declares, into a section; without it they are general. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.FIELD, ElementType.METHOD, ElementType.TYPE})
    @interface In {
        HelpSection value();
    }

    private final String heading;

    HelpSection(String heading) {
        this.heading = heading;
    }

    /** Lists arguments and options by section in the help of {@code commandLine} and all its subcommands. */
    static CommandLine divide(CommandLine commandLine) {
        if (commandLine.getCommandSpec().userObject() == null) {
            // Only listed in the help of another one.
            return commandLine;
        }
        commandLine.getCommandSpec().usageMessage().parameterListHeading("%nArguments:%n");
        commandLine.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpSection::sections);
        commandLine.getSubcommands().values().forEach(HelpSection::divide);
        return commandLine;
    }

    private static String sections(Help help) {
        Map<HelpSection, List<OptionSpec>> options = new EnumMap<>(HelpSection.class);
        for (OptionSpec option : help.commandSpec().options()) {
            if (!option.hidden()) {
                options.computeIfAbsent(of(option), _ -> new ArrayList<>()).add(option);
            }
        }
        StringBuilder text = new StringBuilder();
        options.forEach((section, members) -> text.append(help.createHeading("%n" + section.heading + ":%n"))
                .append(help.optionListExcludingGroups(
                        members, help.createDefaultLayout(), null, help.parameterLabelRenderer())));
        return text.toString();
    }

    private static HelpSection of(OptionSpec option) {
        // A field, or a method that takes the option's value.
        if (option.userObject() instanceof AccessibleObject declaration && declaration instanceof Member member) {
            for (AnnotatedElement element : List.<AnnotatedElement>of(declaration, member.getDeclaringClass())) {
                In in = element.getAnnotation(In.class);
                if (in != null) {
                    return in.value();
                }
            }
        }
        return GENERAL;
    }
}
