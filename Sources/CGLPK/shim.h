// GLPK behind one door: everything the LinearPrograms module needs is in glpk.h, save one thing. GLPK ends the process
// when one of its internal checks fails. Its error hook may leave by longjmp instead, which only C can do: the two
// guarded solvers below return SECATEUR_GLPK_FAILED in that case, with no frame but GLPK's own jumped over. The problem
// object must not be touched afterwards, not even to delete it.
#ifndef SECATEUR_CGLPK_SHIM_H
#define SECATEUR_CGLPK_SHIM_H

#include <glpk.h>
#include <setjmp.h>

enum { SECATEUR_GLPK_FAILED = -1 };

static void secateur_glpk_escape(void *place) {
    longjmp(*(jmp_buf *)place, 1);
}

// Swallows what GLPK would print, also the message it insists on before it calls the error hook.
static int secateur_glpk_silence(void *information, const char *text) {
    (void)information;
    (void)text;
    return 1;
}

static inline void secateur_glpk_quieten(void) {
    glp_term_hook(secateur_glpk_silence, 0);
    glp_term_out(GLP_OFF);
}

static inline int secateur_glpk_simplex(glp_prob *problem, const glp_smcp *parameters) {
    jmp_buf place;
    if (setjmp(place) == 0) {
        glp_error_hook(secateur_glpk_escape, &place);
        int code = glp_simplex(problem, parameters);
        glp_error_hook(0, 0);
        return code;
    }
    glp_error_hook(0, 0);
    return SECATEUR_GLPK_FAILED;
}

static inline int secateur_glpk_integer(glp_prob *problem, const glp_iocp *parameters) {
    jmp_buf place;
    if (setjmp(place) == 0) {
        glp_error_hook(secateur_glpk_escape, &place);
        int code = glp_intopt(problem, parameters);
        glp_error_hook(0, 0);
        return code;
    }
    glp_error_hook(0, 0);
    return SECATEUR_GLPK_FAILED;
}

#endif
