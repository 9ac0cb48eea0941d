// GLPK behind one door: everything the LinearPrograms module needs is in glpk.h.
#include <glpk.h>
